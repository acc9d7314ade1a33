/* SPDX-License-Identifier: GPL-2.0-only */
/* Made-up records, and a way to see what a sink makes of them. */
#pragma once

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sinks/series.h"
#include "sinks/sink.h"
#include "util/mem.h"

#define MS 1000000ULL

static const struct ct_session session = {
	.version = "0.1",
	.kernel = "6.18.0",
	.depth = "steps",
	.wall_minus_mono_ns = 1732180000000000000,
	.begin_ns = 100 * 1000 * MS,
	.end_ns = 131 * 1000 * MS,
};

/* Of two recordings, and then nobody traced for 1.32 s; and of more of them. */
static const struct ct_session_gap gaps[] = {
	{ "a.ct", "b.ct", 110 * 1000 * MS, 111320 * MS, 2 },
	{ "b.ct", "c \"d\".ct", 120 * 1000 * MS, 120500 * MS, 0 },
};

static const struct ct_identity web = {
	.id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	.name = "web",
	.image = "busybox:1",
	.runtime = "runc",
	.engine = "docker",
	.init_pid = 4242,
};

static const struct ct_step steps[] = {
	{
		.name = "rootfs mount",
		.actor = "engine",
		.phase = CT_PHASE_CREATE,
		.begin_ns = 100001 * MS,
		.end_ns = 100004 * MS,
		.pid = 10,
		.count = 1,
	},
	{
		.name = "mounts",
		.actor = "helper",
		.phase = CT_PHASE_START,
		.begin_ns = 100030 * MS,
		.end_ns = 100050 * MS,
		.pid = 12,
		.count = 17,
		.parent = 1,
		.starter = 1,
		.depth = 1,
		.detail = "/proc",
	},
	{
		.name = "exec",
		.actor = "init",
		.phase = CT_PHASE_START,
		.begin_ns = 100200 * MS,
		.pid = 13,
		.count = 1,
		.open = true,
	},
};

static inline void lasts(struct ct_record *rec, enum ct_phase phase, uint64_t ns)
{
	rec->segments[rec->segment_count++] =
		(struct ct_segment){ phase, rec->end_ns, rec->end_ns + ns };
	rec->end_ns += ns;
	rec->seen |= (uint16_t)(1U << phase);
}

static inline struct ct_record record(enum ct_record_type type, const struct ct_identity *who)
{
	return (struct ct_record){
		.type = type,
		.who = who,
		.node = "node-1",
		.begin_ns = session.begin_ns,
		.end_ns = session.begin_ns,
		.ready = -1,
		.exit_code = CT_NO_EXIT_CODE,
	};
}

static inline struct ct_record a_start(void)
{
	struct ct_record rec = record(CT_RECORD_START, &web);

	lasts(&rec, CT_PHASE_CREATE, 11 * MS);
	lasts(&rec, CT_PHASE_CLIENT, 700000);
	lasts(&rec, CT_PHASE_ATTACH, 312000);
	lasts(&rec, CT_PHASE_CLIENT, 500000);
	lasts(&rec, CT_PHASE_CONNECT, 9 * MS);
	lasts(&rec, CT_PHASE_START, 185 * MS);
	lasts(&rec, CT_PHASE_READY, 0);
	rec.ready = CT_READY_LISTEN;
	rec.ready_ns = rec.end_ns;
	rec.steps = steps;
	rec.step_count = CT_ARRAY_SIZE(steps);
	return rec;
}

static inline struct ct_record a_stop(void)
{
	struct ct_record rec = record(CT_RECORD_STOP, &web);

	lasts(&rec, CT_PHASE_STOP, 1200 * MS);
	rec.service_end_ns = rec.end_ns;
	lasts(&rec, CT_PHASE_DIE, 25 * MS);
	lasts(&rec, CT_PHASE_DISCONNECT, 47 * MS);
	lasts(&rec, CT_PHASE_DESTROY, 10 * MS);
	rec.exit_code = 137;
	rec.removed = true;
	rec.run_ns = 3000 * MS;
	return rec;
}

static inline struct ct_record a_restart(void)
{
	struct ct_record rec = record(CT_RECORD_RESTART, &web);

	rec.cause = CT_CAUSE_POLICY;
	rec.predecessor = &web;
	rec.service_end_ns = rec.begin_ns;
	lasts(&rec, CT_PHASE_DIE, 25 * MS);
	lasts(&rec, CT_PHASE_DISCONNECT, 47 * MS);
	lasts(&rec, CT_PHASE_CONNECT, 9 * MS);
	lasts(&rec, CT_PHASE_START, 185 * MS);
	lasts(&rec, CT_PHASE_READY, 0);
	return rec;
}

static inline struct ct_record a_failed_start(void)
{
	struct ct_record rec = record(CT_RECORD_START, &web);

	lasts(&rec, CT_PHASE_CREATE, 11 * MS);
	lasts(&rec, CT_PHASE_START, 51 * MS);
	rec.outcome = CT_OUTCOME_FAILED;
	rec.failed_phase = CT_PHASE_START;
	rec.failed_step = "runtime create";
	rec.message = "exec: \"nope\": executable file not found in $PATH";
	rec.exit_code = 127;
	return rec;
}

static inline struct ct_record a_gap(void)
{
	struct ct_record rec = record(CT_RECORD_START, &web);

	lasts(&rec, CT_PHASE_CREATE, 11 * MS);
	lasts(&rec, CT_PHASE_UNKNOWN, 20 * MS);
	lasts(&rec, CT_PHASE_START, 185 * MS);
	lasts(&rec, CT_PHASE_READY, 2 * MS);
	rec.missing = 1 << CT_PHASE_CONNECT;
	return rec;
}

struct options {
	unsigned width;
	bool utf8, colour, steps, not_live;
	struct ct_opens *opens; /* taken, NULL: no container opened a file */
	const struct ct_buckets *buckets; /* NULL: the default */
	const struct ct_series_by *by; /* NULL: nothing more */
};

/* Runs the records through a sink and returns everything that it wrote. */
/* Which it is, if it is not the one above. */
static const struct ct_session *of_session = &session;

static inline char *run(const char *name, const struct options *opts, const struct ct_record *recs,
			size_t count, const struct ct_core_counts *counts)
{
	char path[] = "/tmp/coldtrace-sink-XXXXXX", spec[64];
	struct ct_summary *summary = ct_summary_new();
	struct ct_sink s;
	struct ct_err err = { 0 };
	int fd = mkstemp(path);
	char *text;
	ssize_t n;

	setenv("TZ", "UTC", 1);
	cr_assert(fd >= 0 && summary);
	snprintf(spec, sizeof(spec), "%s:%s", name, path);
	cr_assert_eq(ct_sink_open(&s, spec, &err), 0, "%s", err.msg);
	s.width = opts->width;
	s.utf8 = opts->utf8;
	s.colour = opts->colour;
	s.steps = opts->steps;
	s.buckets = opts->buckets;
	s.series_by = opts->by;
	s.live = !opts->not_live;
	cr_assert_eq(ct_sink_begin(&s, of_session, &err), 0, "%s", err.msg);
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(ct_summary_add(summary, &recs[i]), 0);
		cr_assert_eq(ct_sink_record(&s, of_session, &recs[i], &err), 0, "%s", err.msg);
	}
	if (opts->opens)
		cr_assert_eq(ct_opens_list_take(ct_summary_opens(summary), opts->opens), 0);
	cr_assert_eq(ct_sink_end(&s, of_session, summary, counts, &err), 0, "%s", err.msg);
	cr_assert_eq(ct_sink_close(&s, &err), 0, "%s", err.msg);
	ct_summary_free(summary);
	text = calloc(1, 1 << 20);
	cr_assert(text);
	n = pread(fd, text, (1 << 20) - 1, 0);
	cr_assert(n > 0);
	close(fd);
	unlink(path);
	return text;
}

static const struct ct_core_counts no_loss = { .events = 99, .containers = 1 };

static inline void expect_in(const char *text, const char *part)
{
	/* Criterion waits for ever for a message that is too long. */
	cr_expect(strstr(text, part), "no '%s' in:\n%.20000s", part, text);
}

/* What a container may choose, at its worst. */
static inline struct ct_record an_injection(struct ct_identity *who, char message[4097])
{
	static const char evil[] =
		"\033[2J\033]0;own\a\"},\n{\"kind\":\"x\"\\\x9b\xff\r\xe2\x80\xae";
	static struct ct_step step = {
		.name = "exec",
		.actor = "init",
		.phase = CT_PHASE_START,
		.begin_ns = 100001 * MS,
		.end_ns = 100002 * MS,
		.pid = 1,
		.count = 1,
		.detail = "\033[1m\n\"\xff",
	};
	struct ct_record rec = record(CT_RECORD_START, who);

	memset(message, '/', 4096);
	message[4096] = '\0';
	memcpy(message, evil, sizeof(evil) - 1);
	message[4095] = '\xc3';
	snprintf(who->name, sizeof(who->name), "%s", evil);
	snprintf(who->image, sizeof(who->image), "%s", evil);
	who->owner.other = who->owner.inside = true;
	snprintf(who->owner.name, sizeof(who->owner.name), "%s", evil);
	snprintf(who->runtime, sizeof(who->runtime), "%s", evil);
	snprintf(who->engine, sizeof(who->engine), "%s", "\033c");
	snprintf(who->id, sizeof(who->id), "%s", "\033c\n\"");
	lasts(&rec, CT_PHASE_CREATE, 1 * MS);
	lasts(&rec, CT_PHASE_START, 5 * MS);
	rec.outcome = CT_OUTCOME_FAILED;
	rec.failed_phase = CT_PHASE_START;
	rec.message = message;
	rec.predecessor = who;
	rec.steps = &step;
	rec.step_count = 1;
	return rec;
}
