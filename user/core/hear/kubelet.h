/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kubelet does for a pod before it asks the engine for it: its cgroup, its volumes. Pods are known by their uids
 * there. What it writes into volumes, and what others mount for it (CSI), is not seen.
 */
#pragma once

#include "core/base/text.h"
#include "ct_event.h"

#define CT_POD_UID_LEN 64

struct ct_preparing {
	char uid[CT_POD_UID_LEN];
	struct ct_text
		volume; /* where it is mounted, from the uid on; empty: the pod's cgroup is made */
	struct ct_text path; /* the same, from the root on */
};

/* Of an event POD. False: that is for no pod. */
bool ct_preparing_parse(const struct ct_event *e, struct ct_preparing *ret);
/* What the user calls it. */
struct ct_text ct_preparing_name(const struct ct_preparing *p);
