/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is asked of a sandbox on its control socket, and its answer: JSON objects, one request on
 * one connection, as `runsc trace` does it. Pure. Facts from gVisor's pkg/urpc/urpc.go and
 * runsc/boot/controller.go, releases 20240729 to 20260817.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/text.h"

/* A session of this name is all that gVisor allows. */
#define CT_SECCHECK_SESSION "Default"

/* The request to make a session, with the opens or without. Free it. NULL when out of memory. */
char *ct_seccheck_create(bool opens);
extern const char ct_seccheck_delete[];
extern const char ct_seccheck_list[];

enum ct_seccheck_reply {
	CT_SECCHECK_PARTIAL, /* there is more to come */
	CT_SECCHECK_DONE,
	CT_SECCHECK_HELD, /* there is a session already */
	CT_SECCHECK_REFUSED
};

/* What the sandbox said; why gets its own words when it refused. */
enum ct_seccheck_reply ct_seccheck_answer(struct ct_text json, char *why, size_t room);

/* The answer to ct_seccheck_list: how many messages the session could not send. */
bool ct_seccheck_dropped(struct ct_text json, uint64_t *ret);
