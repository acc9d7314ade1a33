/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes and what they ran, over time: a pid from its fork or exec to the next one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ct_event.h"

struct ct_programs;

/* Owned by the caller; NULL without memory. */
struct ct_programs *ct_programs_new(void);
void ct_programs_free(struct ct_programs *all);

/* Forks, execs and what ran before, in order of time. False: it could not be kept. */
bool ct_programs_feed(struct ct_programs *all, const struct ct_event *e);

/* Nothing from before will be asked for. */
void ct_programs_forget(struct ct_programs *all, uint64_t before_ns);

/* What the process ran then; "" if it is not known. Borrowed until it is forgotten. */
const char *ct_programs_name(const struct ct_programs *all, uint32_t tgid, uint64_t ns);

/* 0: not known. */
uint32_t ct_programs_parent(const struct ct_programs *all, uint32_t tgid, uint64_t ns);

/* Whether a process was started, over any number of others, by another one. */
bool ct_programs_descends(const struct ct_programs *all, uint32_t tgid, uint32_t from, uint64_t ns);

/* When the process that had the pid at ns was forked, and by which thread. False: not seen. */
bool ct_programs_born(const struct ct_programs *all, uint32_t tgid, uint64_t ns, uint64_t *ret_ns,
		      uint32_t *ret_tid);
