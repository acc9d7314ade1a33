// SPDX-License-Identifier: GPL-2.0-only
/* What the Kubernetes runtime interface calls things. Numbers of fields: k8s.io/cri-api, v1. */
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

/* { 1: PodSandboxConfig { 1: { 1: name, 2: uid, 3: namespace } } } */
void ct_cri_run_pod(struct ct_request *asked, struct ct_text msg)
{
	struct ct_text pod = field(field(msg, 1), 1);

	copy(asked->name, sizeof(asked->name), field(pod, 1));
	copy(asked->pod_uid, sizeof(asked->pod_uid), field(pod, 2));
	copy(asked->pod_ns, sizeof(asked->pod_ns), field(pod, 3));
}

/* { 1: sandbox, 2: ContainerConfig { 1: { 1: name }, 2: { 1: image } } } */
void ct_cri_create_container(struct ct_request *asked, struct ct_text msg)
{
	struct ct_text config = field(msg, 2);

	copy(asked->sandbox, sizeof(asked->sandbox), field(msg, 1));
	copy(asked->name, sizeof(asked->name), field(field(config, 1), 1));
	copy(asked->image, sizeof(asked->image), field(field(config, 2), 1));
}

/* { 1: id of the sandbox, or of the container } */
struct ct_text ct_cri_made(struct ct_text msg)
{
	return field(msg, 1);
}
