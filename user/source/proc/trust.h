/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may have a name: what bpf/trust.bpf.h decides when a program is executed, for what runs
 * already. Asks /proc, and of a file only what is known of it without asking whoever serves it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ct_event.h"

struct ct_taker {
	uint32_t uid, euid; /* as this process' user namespace numbers them */
	bool root_of_host; /* what uid 0 means there: our user namespace, and CAP_SYS_ADMIN */
	bool asked; /* the file could be asked about; else we lack CAP_SYS_PTRACE */
	uint32_t file_uid;
	uint32_t file_mode;
	char file[CT_COMM_LEN]; /* begin of its own name */
};

/* False if it is gone. */
bool ct_taker_read(uint32_t pid, struct ct_taker *ret);

/* Who decides what it does, see ct_event_uid(). inside: it runs in a container. */
uint32_t ct_taker_owner(const struct ct_taker *taker, bool inside);

/* Whether it is an engine, shim or runtime if it is called like one. */
bool ct_taker_may(const struct ct_taker *taker, bool inside, const char *comm);
