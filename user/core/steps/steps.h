/* SPDX-License-Identifier: GPL-2.0-only */
/* The steps of a start or a stop: which event is which, and which hangs below which. */
#pragma once

#include "core/life/life.h"

#define CT_STEPS_MAX 1024 /* of a run */

struct ct_evidence *ct_steps_new(void); /* NULL: no memory */
void ct_steps_free(struct ct_core *core);

/* Of every event of its kind, before or behind what life makes of it, as the name says. */
void ct_steps_fact(struct ct_core *core, const struct ct_fact *fact); /* behind */
void ct_steps_exec_before(struct ct_core *core, const struct ct_event *e);
void ct_steps_exec(struct ct_core *core, const struct ct_event *e); /* behind */
void ct_steps_exit_before(struct ct_core *core, const struct ct_event *e);
void ct_steps_app(struct ct_core *core, const struct ct_event *e); /* behind */
void ct_steps_file(struct ct_core *core, const struct ct_file *file); /* before */
void ct_steps_netlink(struct ct_core *core, const struct ct_event *e);
void ct_steps_cgroup(struct ct_core *core, const struct ct_event *e);
void ct_steps_call(struct ct_core *core, const struct ct_event *e);

/* Something is known of a container now by which evidence may be found to be its own. */
void ct_orphans_adopt(struct ct_core *core, struct ct_container *c);
void ct_steps_drop(struct ct_run *run); /* all of them */

/* Of a record. */
struct ct_steps_told {
	uint64_t begin_ns, end_ns;
	bool lost; /* forks may have been lost */
};
/*
 * Those that began within the record, in the order of their tree, owned by the caller; NULL: none,
 * or no memory.
 */
struct ct_step *ct_steps_tree(const struct ct_step *steps, size_t count,
			      const struct ct_steps_told *told, size_t *ret_count);

extern const struct ct_share_row ct_orphans_row, ct_syncs_row;
