/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "criterion.h"

/* forks.c */
void cr_redirect_stdout(void);
FILE *cr_get_redirected_stdout(void); /* from its beginning */
