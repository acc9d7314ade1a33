// SPDX-License-Identifier: GPL-2.0-only
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int ct_fail(struct ct_err *err, int code, const char *fmt, ...)
{
	va_list args;

	if (code > 0)
		code = -code;
	if (code == 0)
		code = -EINVAL;
	err->code = code;
	va_start(args, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, args);
	va_end(args);
	return code;
}

int ct_wrap(struct ct_err *err, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	size_t room = sizeof(err->msg), n, rest;
	va_list args;

	memcpy(inner, err->msg, sizeof(inner));
	va_start(args, fmt);
	vsnprintf(err->msg, room, fmt, args);
	va_end(args);
	n = strlen(err->msg);
	if (room - n <= sizeof(": "))
		return err->code;
	memcpy(err->msg + n, ": ", 2);
	n += 2;
	rest = strlen(inner);
	if (rest > room - n - 1)
		rest = room - n - 1;
	memcpy(err->msg + n, inner, rest);
	err->msg[n + rest] = '\0';
	return err->code;
}
