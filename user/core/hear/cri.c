// SPDX-License-Identifier: GPL-2.0-only
/* What the Kubernetes runtime interface calls things. Numbers of fields: k8s.io/cri-api, v1. */
#include "core/hear/cri.h"

#include "core/hear/talk.h"

static void copy(char *to, size_t room, struct ct_text from)
{
	if (from.len)
		ct_text_copy(to, room, from);
}

/* Field of a message in a message: empty when there is none. */
static struct ct_text field(struct ct_text msg, uint32_t number)
{
	struct ct_text found = { "", 0 };

	ct_proto_bytes(msg, number, &found);
	return found;
}

/* PodSandboxConfig { 1: { 1: name, 2: uid, 3: namespace } } */
void ct_cri_pod_config(struct ct_request *asked, struct ct_text config)
{
	struct ct_text pod = field(config, 1);

	copy(asked->name, sizeof(asked->name), field(pod, 1));
	copy(asked->pod_uid, sizeof(asked->pod_uid), field(pod, 2));
	copy(asked->pod_ns, sizeof(asked->pod_ns), field(pod, 3));
}

/* { 1: PodSandboxConfig } */
void ct_cri_run_pod(struct ct_request *asked, struct ct_text msg)
{
	ct_cri_pod_config(asked, field(msg, 1));
}

/*
 * { 1: sandbox, 2: ContainerConfig { 1: { 1: name }, 2: { 1: image, 18: as the user named it } } }
 * Kubelets before 1.29 send no field 18, and the image as a digest.
 */
void ct_cri_create_container(struct ct_request *asked, struct ct_text msg)
{
	struct ct_text config = field(msg, 2);

	copy(asked->sandbox, sizeof(asked->sandbox), field(msg, 1));
	copy(asked->name, sizeof(asked->name), field(field(config, 1), 1));
	copy(asked->image, sizeof(asked->image), field(field(config, 2), 1));
	copy(asked->image, sizeof(asked->image), field(field(config, 2), 18));
}

/* FNV-1a, of the words and their ends. */
static void add_word(uint32_t *hash, struct ct_text word)
{
	for (size_t i = 0; i <= word.len; i++)
		*hash = (*hash ^ (i < word.len ? (unsigned char)word.p[i] : 0)) * 16777619u;
}

/*
 * { 1: container, 2: a word of the command, ..., 3: seconds at most }: a probe of the kubelet has a limit, of
 * a second at least; hooks and whoever else executes something have none (pkg/kubelet/prober and
 * pkg/kubelet/lifecycle of Kubernetes 1.26).
 */
void ct_cri_exec(struct ct_request *asked, struct ct_text data)
{
	struct ct_proto_field f;
	struct ct_text msg;
	uint32_t hash = 2166136261u;

	if (!ct_grpc_message(data, &msg))
		return;
	asked->limit = ct_grpc_whole(data) ? CT_LIMIT_NONE : CT_LIMIT_UNHEARD;
	while (ct_proto_next(&msg, &f)) {
		if (f.number == 2 && f.type == CT_PROTO_BYTES)
			add_word(&hash, f.data);
		if (f.number == 3 && f.type == CT_PROTO_VARINT && f.value)
			asked->limit = CT_LIMIT_SOME;
	}
	asked->command = hash;
}

/* { 1: stdout, 2: stderr, 3: status }; a number that is 0 is not sent. */
bool ct_cri_status(struct ct_text data, uint64_t *ret)
{
	struct ct_text msg;

	*ret = 0;
	if (!ct_grpc_message(data, &msg) || !ct_grpc_whole(data))
		return false;
	ct_proto_varint(msg, 3, ret);
	return true;
}

/* { 1: id of the sandbox, or of the container } */
struct ct_text ct_cri_made(struct ct_text msg)
{
	return field(msg, 1);
}

#define ID_LEN       64
#define NAME_LEN_MAX 253 /* of an object of Kubernetes (RFC 1123) */

bool ct_cri_is_id(struct ct_text t)
{
	for (size_t i = 0; i < t.len; i++) {
		if (!(t.p[i] >= '0' && t.p[i] <= '9') && !(t.p[i] >= 'a' && t.p[i] <= 'f'))
			return false;
	}
	return t.len == ID_LEN;
}

static bool is_name(struct ct_text t)
{
	for (size_t i = 0; i < t.len; i++) {
		char low = (char)(t.p[i] | 0x20);

		if (!(low >= 'a' && low <= 'z') && !(t.p[i] >= '0' && t.p[i] <= '9') &&
		    !(t.p[i] && strchr("._-", t.p[i])))
			return false;
	}
	return t.len && t.len <= NAME_LEN_MAX;
}

/* Nothing but names, of fields up to that number; behind them a counter. Their count. */
static uint32_t names(struct ct_text msg, uint32_t last)
{
	struct ct_proto_field f;
	uint32_t count = 0;

	while (msg.len) {
		if (!ct_proto_next(&msg, &f))
			return 0;
		if (f.number == last + 1
			    ? f.type != CT_PROTO_VARINT
			    : f.type != CT_PROTO_BYTES || f.number != ++count || !is_name(f.data))
			return 0;
	}
	return count;
}

#define POD_NAMES       3 /* name, uid, namespace */
#define CONTAINER_NAMES 1
#define CONFIG_FIELDS   32 /* more than there are of either */

/* What follows the metadata: fields of small numbers, and none of them metadata again. */
static bool is_config(struct ct_text config, uint32_t metadata)
{
	struct ct_proto_field f;

	if (!ct_proto_next(&config, &f) || f.number != 1 || f.type != CT_PROTO_BYTES ||
	    names(f.data, metadata) != metadata)
		return false;
	while (ct_proto_next(&config, &f)) {
		if (f.number == 1 || f.number > CONFIG_FIELDS)
			return false;
	}
	return true;
}

static bool has_image(struct ct_text config)
{
	struct ct_text spec, image;

	return ct_proto_bytes(config, 2, &spec) && ct_proto_bytes(spec, 1, &image) && image.len;
}

/* Nothing but words, and behind them a limit. */
static bool is_command(struct ct_text msg)
{
	struct ct_proto_field f;
	size_t words = 0;

	while (ct_proto_next(&msg, &f)) {
		if (f.number == 2 && f.type == CT_PROTO_BYTES)
			words++;
		else if (f.number != 3 || f.type != CT_PROTO_VARINT || msg.len)
			return false;
	}
	return words && !msg.len;
}

enum ct_cri_shape ct_cri_shape(struct ct_text msg)
{
	struct ct_text behind;

	struct ct_proto_field first, second = { 0 };

	if (!ct_proto_next(&msg, &first) || first.number != 1 || first.type != CT_PROTO_BYTES)
		return CT_CRI_OTHER;
	behind = msg;
	if (msg.len && !ct_proto_next(&msg, &second))
		return CT_CRI_OTHER;
	if (is_config(first.data, POD_NAMES) &&
	    (!second.number || (second.number == 2 && second.type == CT_PROTO_BYTES && !msg.len)))
		return CT_CRI_POD;
	if (!ct_cri_is_id(first.data))
		return CT_CRI_OTHER;
	if (!second.number)
		return CT_CRI_ID;
	if (second.number != 2)
		return CT_CRI_OTHER;
	if (second.type == CT_PROTO_VARINT)
		return msg.len ? CT_CRI_OTHER : CT_CRI_ID_AND_NUMBER;
	if (second.type == CT_PROTO_BYTES && is_config(second.data, CONTAINER_NAMES) &&
	    has_image(second.data))
		return CT_CRI_CONTAINER;
	return is_command(behind) ? CT_CRI_EXEC : CT_CRI_OTHER;
}
