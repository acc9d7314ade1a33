/* SPDX-License-Identifier: GPL-2.0-only */
/* libcurl, opened when something is to be sent: as libmicrohttpd is, in mhd.h. */
#pragma once

#define CURL_DISABLE_TYPECHECK /* its macros call the functions by name */
#include <curl/curl.h>

#include "util/err.h"

#define CT_CURL(X) \
	X(easy_cleanup) \
	X(easy_getinfo) \
	X(easy_init) \
	X(easy_perform) \
	X(easy_reset) \
	X(easy_setopt) \
	X(easy_unescape) \
	X(free) \
	X(global_init) \
	X(slist_append) \
	X(slist_free_all)

struct ct_curl {
#define X(name) __typeof__(curl_##name) *name;
	CT_CURL(X)
#undef X
};

/* Of no use before it is opened. */
extern struct ct_curl ct_curl;

int ct_curl_open(struct ct_err *err);
