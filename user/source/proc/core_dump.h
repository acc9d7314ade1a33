/* SPDX-License-Identifier: GPL-2.0-only */
/* What passes by is in memory for a moment: no dump of that memory is written. */
#pragma once

/* For this process; nobody without privileges may look into it either. */
void ct_core_dump_off(void);
/* For a child that executes another program: the limit is the caller's again. */
void ct_core_dump_as_inherited(void);
