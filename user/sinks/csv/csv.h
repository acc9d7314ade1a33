/* SPDX-License-Identifier: GPL-2.0-only */
/* Cells of RFC 4180. */
#pragma once

#include <stdio.h>

/* Always quoted; what a spreadsheet takes for a formula gets an apostrophe. 0 or -ENOMEM. */
int ct_csv_text(FILE *f, const char *text);
