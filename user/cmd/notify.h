/* SPDX-License-Identifier: GPL-2.0-only */
/* The protocol of sd_notify(3): a service manager is told that tracing has begun. */
#pragma once

/* Nothing without NOTIFY_SOCKET in the environment. What goes wrong is said on stderr. */
void ct_notify_ready(void);
