/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is told: once per event whatever has changed is asked whether its start or its stop is now
 * complete, and so is what has waited long enough. From marks to records.
 */
#pragma once

#include "core/life/life.h"
#include "core/steps/steps.h"
#include "core/tell/segments.h"

/* attend.c: which containers are between two states, and when to look at them again. */
void ct_tell_due(struct ct_core *core); /* core->due_ns has come */
void ct_tell_changed(struct ct_core *core); /* what the event has changed: core->changed */
void ct_tell_again(struct ct_core *core, struct ct_container *c); /* it is about to start again */
void ct_tell_lost(struct ct_core *core); /* events were: what is waited for may never come */
void ct_tell_flush(struct ct_core *core); /* no more events: what is open is cut */
/* What is told without there being anything to tell it of: a create that was refused. */
void ct_tell_fact(struct ct_core *core, const struct ct_fact *fact);

/* made.c: what is common to all records: where it was, what the user calls it. */
void ct_tell_where(const struct ct_core *core, struct ct_record *rec);

/* report.c: what is said about a start, a stop, a restart. */
void ct_report_start(struct ct_core *core, struct ct_container *c, enum ct_outcome outcome);
void ct_report_stop(struct ct_core *core, struct ct_container *c, enum ct_outcome outcome);
void ct_report_build(struct ct_core *core, struct ct_container *c, enum ct_outcome outcome);
void ct_report_create(struct ct_core *core, struct ct_container *c);
void ct_report_remove(struct ct_core *core, struct ct_container *c);
/* A container that was asked for and never made. */
struct ct_unmade {
	const struct ct_scope *scope; /* of who was asked */
	uint32_t engine;
	const char *engine_name; /* NULL, empty: as that process is called */
	const char *name, *image, *runtime;
	const struct ct_request *asked; /* CRI: says in which pod; NULL: in none */
	struct ct_text message;
	uint64_t begin_ns, end_ns; /* of the request */
	uint64_t pull_begin_ns,
		pull_end_ns; /* what it waited for then, and failed; 0: it did not */
};
void ct_report_unmade(struct ct_core *core, const struct ct_unmade *of);
bool ct_start_unasked(const struct ct_container *c);
/* It has been waited for a sign of being ready, nothing was lost meanwhile, and none came. */
bool ct_start_signless(const struct ct_core *core, const struct ct_container *c);

/* strange.c: counts what an engine did in an order that is not known. */
void ct_tell_strange(struct ct_core *core, const struct ct_record *rec,
		     const struct ct_container *c);

/* images.c: an engine has fetched an image, or has failed to. */
void ct_tell_image(struct ct_core *core, const struct ct_fact *fact);
void ct_tell_images_left(struct ct_core *core); /* no more events: what is under way is cut */
void ct_tell_images_known(struct ct_core *core); /* more is known of what engines store */
void ct_tell_images_due(struct ct_core *core); /* core->due_ns has come */
/* images_stored.c: what a store of its engine's has of it, and whether all that was asked about that is known. */
struct ct_pull;
void ct_tell_stored(struct ct_core *core, struct ct_pull *p);
bool ct_stored_is_known(const struct ct_core *core, struct ct_pull *p);
/* Asks for what is not known of it, once all is answered that was asked before. False: there is nothing. */
bool ct_stored_ask(struct ct_core *core, struct ct_pull *p);
/* images_links.c: by which connections it came, and which layer by which. */
void ct_tell_links(struct ct_core *core, struct ct_pull *p);
/* images_handled.c: what its engine did for which layer, where it says when each is done. */
void ct_tell_handled(struct ct_pull *p);
/* images_command.c: the same of what a command has fetched by itself. */
void ct_tell_command(struct ct_core *core, struct ct_pull *p);
bool ct_command_is_known(const struct ct_pull *p);
