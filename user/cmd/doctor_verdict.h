/* SPDX-License-Identifier: GPL-2.0-only */
/* doctor's first lines: what works here, and what to do about what does not. */
#pragma once

#include <stdio.h>

#include <jansson.h>

#include "cmd/doctor_try.h"

/* The try of each depth, by enum ct_depth. */
json_t *ct_doctor_verdict(const struct ct_tried *tried);
void ct_doctor_draw_verdict(FILE *out, json_t *verdict);
