/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdio.h>

#include <jansson.h>

/* All that `coldtrace doctor --json` prints, as text. */
void ct_doctor_draw(FILE *out, json_t *all);
