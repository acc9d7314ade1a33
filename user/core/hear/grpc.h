/* SPDX-License-Identifier: GPL-2.0-only */
/* What the readers of gRPC requests share (talk_grpc.c has their table). Of this station's files alone. */
#pragma once

#include "core/hear/talk.h"

/* A request whose message has come. */
struct ct_grpc_asked {
	struct ct_core *core;
	const struct ct_sent *sent;
	struct ct_pending_call *call;
	struct ct_text msg;
	struct ct_text data; /* it, and the prefix */
};

struct ct_fact ct_grpc_fact(const struct ct_grpc_asked *r);

/* talk_images.c: what clients ask containerd for images. */
void ct_grpc_pull_image(const struct ct_grpc_asked *r); /* a kubelet */
void ct_grpc_transfer(const struct ct_grpc_asked *r); /* whoever lets containerd fetch it */
void ct_grpc_write(const struct ct_grpc_asked *r);
void ct_grpc_label(const struct ct_grpc_asked *r);
void ct_grpc_save_image(const struct ct_grpc_asked *r);
void ct_grpc_lease(const struct ct_grpc_asked *r); /* or the end of one */
void ct_grpc_apply(const struct ct_grpc_asked *r);
