// SPDX-License-Identifier: GPL-2.0-only
/* Of a program with shared libraries; the other has static.c. */
#include "serve/serve.h"

#include <stddef.h>

const char *ct_serve_refuse(const struct ct_serve_options *opts)
{
	(void)opts;
	return NULL;
}
