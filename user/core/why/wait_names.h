/* SPDX-License-Identifier: GPL-2.0-only */
/* Names that waits have, by a number: of strangers that woke somebody, of cgroups that had a quota. */
#pragma once

#include <stdint.h>

#include "core/base/text.h"
#include "ct_event.h"

#define CT_WAIT_NAMES_MAX 1024

/* names[0] is none. Empty at first. */
struct ct_wait_names {
	char names[CT_WAIT_NAMES_MAX][CT_CGROUP_LEN];
	uint16_t count;
};

/* 0: it is empty, or there is no room. What is longer than there is room for is cut. */
uint16_t ct_wait_name(struct ct_wait_names *names, struct ct_text name);
/* Of "docker-" and the 64 digits of an id, twelve: as long as engines print it. */
uint16_t ct_wait_cgroup(struct ct_wait_names *names, const char name[CT_CGROUP_LEN]);
