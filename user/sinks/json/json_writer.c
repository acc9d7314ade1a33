// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/json/json_writer.h"

#include "sinks/escape.h"
#include "sinks/units.h"

static void next(struct ct_json *w, const char *key)
{
	if (w->more[w->depth])
		putc(',', w->f);
	w->more[w->depth] = true;
	if (key) {
		ct_escape_json(w->f, key);
		putc(':', w->f);
	}
}

void ct_json_enter(struct ct_json *w, const char *key, char bracket)
{
	next(w, key);
	putc(bracket, w->f);
	w->more[++w->depth] = false;
}

void ct_json_leave(struct ct_json *w, char bracket)
{
	putc(bracket, w->f);
	w->depth--;
}

void ct_json_string(struct ct_json *w, const char *key, const char *s)
{
	next(w, key);
	ct_escape_json(w->f, s);
}

void ct_json_number(struct ct_json *w, const char *key, const char *text)
{
	next(w, key);
	fputs(text, w->f);
}

void ct_json_u64(struct ct_json *w, const char *key, uint64_t n)
{
	next(w, key);
	fprintf(w->f, "%llu", (unsigned long long)n);
}

void ct_json_null(struct ct_json *w, const char *key)
{
	ct_json_number(w, key, "null");
}

void ct_json_u64_or_null(struct ct_json *w, const char *key, uint64_t n, bool known)
{
	if (known)
		ct_json_u64(w, key, n);
	else
		ct_json_null(w, key);
}

void ct_json_bool(struct ct_json *w, const char *key, bool yes)
{
	ct_json_number(w, key, yes ? "true" : "false");
}

void ct_json_time(struct ct_json *w, const char *key, int64_t real_ns)
{
	char buf[CT_RFC3339_LEN];

	ct_json_string(w, key, ct_rfc3339(buf, real_ns));
}
