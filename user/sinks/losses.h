/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>

#include "ct_event.h"

#define CT_LOSS_NAME_LEN 16

/* What was lost, as outputs for programs call it ("ring", "actors"), written into buf. */
const char *ct_loss_name(char *buf, size_t loss);
