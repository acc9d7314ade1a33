/* SPDX-License-Identifier: GPL-2.0-only */
/* doctor's part about what this process may do: collected as JSON, then drawn. */
#pragma once

#include <stdio.h>

#include <jansson.h>

json_t *ct_doctor_privileges(void);
void ct_doctor_draw_privileges(FILE *out, json_t *privileges);
