// SPDX-License-Identifier: GPL-2.0-only
/*
 * What clients ask containerd for images: to fetch one (the CRI, the transfer service), or, where they fetch it
 * themselves (ctr, nerdctl, BuildKit, dockerd with containerd's store), to keep what they have fetched, to unpack
 * it, and to name it. Numbers of fields: containerd's api/services and api/types, 1.6 and 2.1.
 */
#include "core/hear/grpc.h"

#define TRANSFER "containerd.types.transfer."
#define DIGEST   "sha256:"
#define LAYER    "application/vnd."

/* As engines write one. */
static bool is_digest(struct ct_text t)
{
	size_t n = strlen(DIGEST);

	return t.len > n && ct_text_starts(t, DIGEST) && ct_cri_is_id(ct_text(t.p + n, t.len - n));
}

/*
 * PullImageRequest { 1: ImageSpec { 1: image }, 3: PodSandboxConfig }: what a pod waits for. Who may fetch it is
 * in there too, and is not looked at.
 */
void ct_grpc_pull_image(const struct ct_grpc_asked *r)
{
	struct ct_fact fact = ct_grpc_fact(r);
	struct ct_text spec, image, pod;

	if (!ct_proto_bytes(r->msg, 1, &spec) || !ct_proto_bytes(spec, 1, &image) || !image.len)
		return;
	r->call->pulls = true;
	ct_text_copy(r->call->asked.image, sizeof(r->call->asked.image), image);
	ct_text_copy(r->call->asked.ns, sizeof(r->call->asked.ns),
		     ct_text(CT_CRI_NAMESPACE, strlen(CT_CRI_NAMESPACE)));
	if (ct_proto_bytes(r->msg, 3, &pod))
		ct_cri_pod_config(&r->call->asked, pod);
	fact.how = CT_HOW_IMAGE;
	fact.engine = r->sent->e->root;
	ct_call_told(r->core, &fact);
}

/* google.protobuf.Any { 1: type, 2: message } of a type of the transfer service. */
static bool any_of(struct ct_text msg, uint32_t field, const char *type, struct ct_text *ret)
{
	struct ct_text any, name;

	return ct_proto_bytes(msg, field, &any) && ct_proto_bytes(any, 1, &name) &&
	       ct_text_is(name, type) && ct_proto_bytes(any, 2, ret);
}

/* { 1: from, 2: to }: from a registry { 1: reference, 2: who may } to the store. Others push, load and save. */
void ct_grpc_transfer(const struct ct_grpc_asked *r)
{
	struct ct_fact fact = ct_grpc_fact(r);
	struct ct_text from, to, image;

	if (!any_of(r->msg, 1, TRANSFER "OCIRegistry", &from) ||
	    !any_of(r->msg, 2, TRANSFER "ImageStore", &to) || !ct_proto_bytes(from, 1, &image) ||
	    !image.len)
		return;
	r->call->pulls = true;
	ct_text_copy(r->call->asked.image, sizeof(r->call->asked.image), image);
	fact.how = CT_HOW_IMAGE;
	fact.engine = r->sent->e->root;
	ct_call_told(r->core, &fact);
}

static void part(const struct ct_grpc_asked *r, struct ct_text id, struct ct_text image)
{
	struct ct_fact fact = ct_grpc_fact(r);

	r->call->part = true;
	ct_text_copy(r->call->asked.name, sizeof(r->call->asked.name), id);
	ct_text_copy(r->call->asked.image, sizeof(r->call->asked.image), image);
	fact.how = CT_HOW_PART;
	fact.ids[0] = id;
	fact.image = image;
	fact.engine = r->sent->e->root;
	ct_call_told(r->core, &fact);
}

/*
 * WriteContentRequest { 2: ref, 3: total }, the first of its stream: what it is, and its digest
 * ("layer-sha256:...", remotes.MakeRefKey). The bytes follow, and are not looked at.
 */
void ct_grpc_write(const struct ct_grpc_asked *r)
{
	struct ct_text ref, digest;

	if (!ct_proto_bytes(r->msg, 2, &ref))
		return;
	digest = ref;
	ct_text_cut(&digest, '-');
	if (is_digest(digest))
		part(r, ref, ct_text("", 0));
}

/* { 1: Info { 1: digest, 5: a pair of texts, ... } }: where it comes from. */
void ct_grpc_label(const struct ct_grpc_asked *r)
{
	struct ct_text info, digest, key, value;
	struct ct_proto_field f;
	char image[sizeof(r->call->asked.image)];
	size_t n = strlen(CT_SOURCE_LABEL);

	if (!ct_proto_bytes(r->msg, 1, &info) || !ct_proto_bytes(info, 1, &digest) ||
	    !is_digest(digest))
		return;
	while (ct_proto_next(&info, &f)) {
		if (f.number != 5 || f.type != CT_PROTO_BYTES || !ct_proto_bytes(f.data, 1, &key) ||
		    !ct_proto_bytes(f.data, 2, &value) || !ct_text_starts(key, CT_SOURCE_LABEL))
			continue;
		image[0] = '\0';
		ct_text_add(image, sizeof(image), ct_text(key.p + n, key.len - n));
		ct_text_add(image, sizeof(image), ct_text("/", 1));
		ct_text_add(image, sizeof(image), value);
		part(r, digest, ct_text(image, strlen(image)));
		return;
	}
}

/* { 1: Image { 1: name, 3: Descriptor { 2: digest } } } */
void ct_grpc_save_image(const struct ct_grpc_asked *r)
{
	struct ct_text image, name, target, digest;

	if (ct_proto_bytes(r->msg, 1, &image) && ct_proto_bytes(image, 1, &name) && name.len &&
	    ct_proto_bytes(image, 3, &target) && ct_proto_bytes(target, 2, &digest) &&
	    is_digest(digest))
		part(r, digest, name);
}

/* { 1: id } */
void ct_grpc_lease(const struct ct_grpc_asked *r)
{
	struct ct_text id;

	if (ct_proto_bytes(r->msg, 1, &id) && id.len)
		part(r, id, ct_text("", 0));
}

static bool layer_of(struct ct_text msg, struct ct_text *ret_digest)
{
	struct ct_text layer, type;

	return ct_proto_bytes(msg, 1, &layer) && ct_proto_bytes(layer, 1, &type) &&
	       ct_text_starts(type, LAYER) && ct_proto_bytes(layer, 2, ret_digest) &&
	       is_digest(*ret_digest);
}

/* ApplyRequest { 1: Descriptor { 1: type, 2: digest, 3: size }, 2: where } */
void ct_grpc_apply(const struct ct_grpc_asked *r)
{
	struct ct_text digest;

	if (layer_of(r->msg, &digest))
		part(r, digest, ct_text("", 0));
}

bool ct_grpc_applies(struct ct_text msg)
{
	struct ct_text digest;

	return layer_of(msg, &digest);
}
