/* SPDX-License-Identifier: GPL-2.0-only */
/* A command that goes on until it is told to end: by Ctrl-C, a service manager, or a terminal that goes away. */
#pragma once

#include <stdbool.h>

/* From now on such a signal ends nothing by itself, and a closed pipe ends the output to it alone. */
void ct_told_catch(void);

bool ct_told_to_end(void);
