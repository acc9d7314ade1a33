/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What tells in one load that a process is no actor, or a socket file no engine's: how many there are of the
 * same remainder. Nearly always none; else its table is asked. Both sides.
 */
#pragma once

#include "ct_types.h"

#define CT_ALIKE_ACTORS      16384 /* powers of two */
#define CT_ALIKE_SOCKETS     8192

#define CT_ALIKE_ACTOR(tgid) ((tgid) & (CT_ALIKE_ACTORS - 1))
#define CT_ALIKE_SOCKET(ino) ((ino) & (CT_ALIKE_SOCKETS - 1))
