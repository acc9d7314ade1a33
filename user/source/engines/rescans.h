/* SPDX-License-Identifier: GPL-2.0-only */
/* When engines that have just been executed are looked at. Of the files of this folder alone. */
#pragma once

#include "source/engines/engines.h"

#define CT_RESCANS 3 /* times, until it listens */

struct ct_rescan *ct_rescan_of(struct ct_engines *engines,
			       uint32_t seq); /* NULL: none is out with it */
/* That of the process, or one that may be overwritten. */
struct ct_rescan *ct_rescan_slot(struct ct_engines *engines, uint32_t pid);
void ct_rescans_due(struct ct_engines *engines, uint64_t now_ns);
/* It is looked at now, for it does something already. False: it is not to be looked at. */
bool ct_rescan_hastens(struct ct_engines *engines, uint32_t pid);
