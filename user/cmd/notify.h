/* SPDX-License-Identifier: GPL-2.0-only */
/* The protocol of sd_notify(3): a service manager is told that tracing has begun, and keeps what the next one reads. */
#pragma once

#include <stdbool.h>

#include "source/live/live.h"

/* Nothing without NOTIFY_SOCKET in the environment. What goes wrong is said on stderr. */
void ct_notify_ready(void);

/*
 * What the one before has left, as sd_listen_fds(3) hands it over, and the environment then says nothing more about it:
 * the caller's, to be closed. Names that are not ours are left alone.
 */
struct ct_kept ct_notify_inherit(void);
/*
 * Once it has been polled, and so all that the one before has left is told: the manager is to drop that, and to keep what
 * the next one needs. Once: *done says so.
 */
void ct_notify_hand_on(struct ct_live *live, bool *done);

void ct_kept_close(struct ct_kept *kept);
