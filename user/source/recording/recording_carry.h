/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a recording that begins in the middle must be told: the options, the engines, the processes
 * that run, and who the containers are. It is learned from the events that pass, and told as events
 * of the kinds with which a recording begins. Bounded: of what is too much the oldest is forgotten.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ct_event.h"
#include "core/record.h"

struct ct_carry;

/* The parent of a process, 0: it is gone. NULL asks nobody: who was not seen to exit runs. */
typedef uint32_t (*ct_carry_parent_fn)(void *ctx, uint32_t pid);
typedef void (*ct_carry_fn)(void *ctx, const struct ct_event *e);

struct ct_carry *ct_carry_new(void); /* NULL: out of memory */
void ct_carry_free(struct ct_carry *carry); /* NULL is fine */

/* What cannot be kept, because memory is out, is not told again. */
void ct_carry_feed(struct ct_carry *carry, const struct ct_event *e);
/*
 * What the core came to know of a container by listening: nobody else tells its name and image. What is new of one
 * whose start began before `since_ns` is told at once: whoever hears only what came since cannot know it. fn NULL: not.
 */
void ct_carry_learn(struct ct_carry *carry, const struct ct_record *rec, uint64_t since_ns,
		    ct_carry_fn fn, void *ctx);

/* Everything, parents before children, each event with that time; they are valid during the call. */
void ct_carry_tell(struct ct_carry *carry, uint64_t now_ns, ct_carry_parent_fn parent,
		   void *parent_ctx, ct_carry_fn fn, void *ctx);
