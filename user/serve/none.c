// SPDX-License-Identifier: GPL-2.0-only
/* Instead of the others, for a program without shared libraries: those that serve needs are not made for it. */
#include <errno.h>

#include "serve/serve.h"

const char *ct_serve_refuse(void)
{
	return "this build has no HTTP server: the static program is made without";
}

int ct_serve_open(struct ct_serve **ret, const struct ct_serve_options *opts, struct ct_err *err)
{
	(void)opts;
	*ret = NULL;
	return ct_fail(err, ENOTSUP, "serve: %s", ct_serve_refuse());
}

int ct_serve_begin(struct ct_serve *s, const struct ct_session *session, struct ct_err *err)
{
	(void)s, (void)session;
	return ct_fail(err, ENOTSUP, "serve: %s", ct_serve_refuse());
}

const char *ct_serve_url(const struct ct_serve *s)
{
	(void)s;
	return "";
}

void ct_serve_record(struct ct_serve *s, const struct ct_record *rec)
{
	(void)s, (void)rec;
}

void ct_serve_beat(struct ct_serve *s, uint64_t now_ns, const struct ct_core_counts *counts,
		   size_t containers_max)
{
	(void)s, (void)now_ns, (void)counts, (void)containers_max;
}

void ct_serve_close(struct ct_serve *s)
{
	(void)s;
}
