// SPDX-License-Identifier: GPL-2.0-only
/*
 * make DIR: writes every output of made-up records to DIR/many.<output> and DIR/hostile.<output>.
 * The first is a few thousand plausible records, the second what containers may choose at worst.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/sink.h"
#include "util/mem.h"

#define MS      1000000ULL
#define RECORDS 3000

static struct ct_session session = {
	.version = "0.1",
	.kernel = "6.18.0",
	.depth = "steps",
	.wall_minus_mono_ns = 1732180000123456789,
	.begin_ns = 100 * 1000 * MS,
};

static const struct ct_core_counts counts = {
	.events = 123456,
	.lost = { [CT_LOSS_RING] = 812, [CT_LOSS_LATE] = 1 },
	.unmatched_exits = 3,
	.containers = RECORDS,
	.open = 2,
};

static struct ct_sink sinks[32];
static struct ct_summary *summary;

static void fail(const struct ct_err *err)
{
	fprintf(stderr, "make: %s\n", err->msg);
	exit(1);
}

static void begin(const char *dir, const char *name)
{
	static char specs[CT_ARRAY_SIZE(sinks)][512];
	struct ct_err err = { 0 };

	summary = ct_summary_new();
	if (!summary)
		exit(1);
	for (size_t i = 0; ct_sinks[i]; i++) {
		snprintf(specs[i], sizeof(specs[i]), "%s:%s/%s.%s", ct_sinks[i]->name, dir, name,
			 ct_sinks[i]->name);
		if (ct_sink_open(&sinks[i], specs[i], &err))
			fail(&err);
		sinks[i].steps = true;
		if (ct_sink_begin(&sinks[i], &session, &err))
			fail(&err);
	}
}

static void add(const struct ct_record *rec)
{
	struct ct_err err = { 0 };

	if (ct_summary_add(summary, rec))
		exit(1);
	for (size_t i = 0; ct_sinks[i]; i++)
		if (ct_sink_record(&sinks[i], &session, rec, &err))
			fail(&err);
	if (rec->end_ns > session.end_ns)
		session.end_ns = rec->end_ns;
}

static void end(void)
{
	struct ct_err err = { 0 };

	for (size_t i = 0; ct_sinks[i]; i++) {
		if (ct_sink_end(&sinks[i], &session, summary, &counts, &err))
			fail(&err);
		if (ct_sink_close(&sinks[i], &err))
			fail(&err);
	}
	ct_summary_free(summary);
}

/* Knuth's MMIX: the same numbers everywhere. */
static uint64_t random_u32(void)
{
	static uint64_t state = 20241121;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return state >> 32;
}

/* From 0 to almost 2^36 ns (68 s), every power of two equally often. */
static uint64_t random_ns(void)
{
	uint64_t bits = random_u32() % 37;

	return (random_u32() << 32 | random_u32()) & ((1ULL << bits) - 1);
}

static void lasts(struct ct_record *rec, enum ct_phase phase, uint64_t ns)
{
	rec->segments[rec->segment_count++] =
		(struct ct_segment){ phase, rec->end_ns, rec->end_ns + ns };
	rec->end_ns += ns;
	rec->seen |= (uint16_t)(1U << phase);
}

static void name_it(struct ct_identity *who, unsigned i)
{
	static const char *const runtimes[] = { "runc", "runsc", "io.containerd.kata.v2" };
	static const char *const engines[] = { "docker", "docker", "docker", "podman" };

	snprintf(who->id, sizeof(who->id), "%016llx%016llx%016llx%016x",
		 (unsigned long long)random_u32(), (unsigned long long)random_u32(),
		 (unsigned long long)random_u32(), i);
	snprintf(who->name, sizeof(who->name), "service-%u", i);
	snprintf(who->image, sizeof(who->image), "registry.example:5000/team/app:%u.%u", i % 3,
		 i % 10);
	snprintf(who->runtime, sizeof(who->runtime), "%s", runtimes[random_u32() % 3]);
	snprintf(who->engine, sizeof(who->engine), "%s", engines[random_u32() % 4]);
}

static void steps_of(const struct ct_record *rec, struct ct_step steps[3])
{
	steps[0] = (struct ct_step){
		.name = "mounts",
		.actor = "helper",
		.phase = rec->segments[0].phase,
		.begin_ns = rec->begin_ns,
		.end_ns = rec->end_ns,
		.pid = 77,
		.count = 17,
		.detail = "/proc",
	};
	steps[1] = (struct ct_step){
		.name = "exec",
		.actor = "init",
		.phase = rec->segments[0].phase,
		.begin_ns = rec->begin_ns,
		.end_ns = rec->begin_ns,
		.pid = 78,
		.count = 1,
		.parent = 1,
		.starter = 1,
		.depth = 1,
	};
	steps[2] = (struct ct_step){
		.name = "rootfs umount",
		.actor = "engine",
		.phase = rec->segments[4].phase,
		.begin_ns = rec->end_ns,
		.pid = 79,
		.count = 1,
		.open = true,
	};
}

static void make_many(const char *dir)
{
	static const enum ct_phase phases[][5] = {
		{ CT_PHASE_CREATE, CT_PHASE_CLIENT, CT_PHASE_CONNECT, CT_PHASE_START,
		  CT_PHASE_READY },
		{ CT_PHASE_STOP, CT_PHASE_DIE, CT_PHASE_DISCONNECT, CT_PHASE_DESTROY,
		  CT_PHASE_CLIENT },
		{ CT_PHASE_DIE, CT_PHASE_DISCONNECT, CT_PHASE_CONNECT, CT_PHASE_START,
		  CT_PHASE_READY },
	};

	session.end_ns = session.begin_ns;
	begin(dir, "many");
	for (unsigned i = 0; i < RECORDS; i++) {
		struct ct_identity who = { .init_pid = 1000 + i, .engine_pid = 1 };
		struct ct_step steps[3];
		struct ct_record rec = {
			.type = i % 10 == 9 ? CT_RECORD_RESTART
				: i % 2     ? CT_RECORD_STOP
					    : CT_RECORD_START,
			.outcome = i % 50 == 7   ? CT_OUTCOME_FAILED
				   : i % 50 == 8 ? CT_OUTCOME_CUT
						 : CT_OUTCOME_OK,
			.who = &who,
			.node = i % 3 ? "node-a" : "node-b",
			.begin_ns = session.begin_ns + i * MS,
			.end_ns = session.begin_ns + i * MS,
			.ready = -1,
			.exit_code = i % 7 ? 0 : 137,
			.message = "no such image",
			.failed_phase = CT_PHASE_START,
			.failed_step = "runtime create",
			.steps = steps,
			.step_count = CT_ARRAY_SIZE(steps),
		};

		name_it(&who, i);
		for (size_t p = 0; p < CT_ARRAY_SIZE(phases[0]); p++)
			lasts(&rec, phases[rec.type][p], random_ns());
		if (i % 20 == 4) {
			rec.seen &= (uint16_t) ~(1U << CT_PHASE_CONNECT);
			rec.missing = 1 << CT_PHASE_CONNECT;
			rec.segments[2].phase = CT_PHASE_UNKNOWN;
			rec.seen |= 1U << CT_PHASE_UNKNOWN;
		}
		if (rec.type == CT_RECORD_START) {
			rec.ready = CT_READY_LISTEN;
			rec.ready_ns = rec.end_ns;
		}
		steps_of(&rec, steps);
		add(&rec);
	}
	end();
}

/* Each is put where a container or its user may put text. */
static const char *const evil[] = {
	"=HYPERLINK(\"http://x\")",
	"+1+cmd|' /C calc'!A0",
	"-2",
	"@SUM(1)",
	"'quoted",
	"＝1",
	"a\r\nb,c\"d\"\te",
	"\033[2J\007\x01\x7f",
	"</script><script>alert(1)</script>",
	"\"} 1 # {x=\"y\"} 1\n# EOF\n",
	"\xff\xc3(\xe2\x80\xae\xed\xa0\x80",
	"back\\slash\\n",
	"Tag=a,b c",
	"\u00fc\u4e16\U0001f680",
	"",
	" ",
};

static void name_all(struct ct_identity *who, const char *text)
{
	snprintf(who->id, sizeof(who->id), "%s", text);
	snprintf(who->name, sizeof(who->name), "%s", text);
	snprintf(who->image, sizeof(who->image), "%s", text);
	snprintf(who->runtime, sizeof(who->runtime), "%s", text);
	snprintf(who->engine, sizeof(who->engine), "%s", text);
	snprintf(who->ns, sizeof(who->ns), "%s", text);
	snprintf(who->pod, sizeof(who->pod), "%s", text);
	snprintf(who->pod_ns, sizeof(who->pod_ns), "%s", text);
	snprintf(who->pod_uid, sizeof(who->pod_uid), "%s", text);
	snprintf(who->pod_container, sizeof(who->pod_container), "%s", text);
	snprintf(who->project, sizeof(who->project), "%s", text);
	snprintf(who->service, sizeof(who->service), "%s", text);
}

static void make_hostile(const char *dir)
{
	session.end_ns = session.begin_ns;
	begin(dir, "hostile");
	for (size_t i = 0; i < CT_ARRAY_SIZE(evil); i++) {
		struct ct_identity who = { .init_pid = 1 }, before = { 0 };
		struct ct_step step = {
			.name = "exec",
			.actor = "init",
			.phase = CT_PHASE_START,
			.begin_ns = 1,
			.end_ns = 2,
			.pid = 1,
			.count = 1,
		};
		struct ct_why why = { { [CT_REASON_LOCK] = 1 } };
		struct ct_piece piece = {
			.begin_ns = session.begin_ns,
			.end_ns = session.begin_ns + 6 * MS,
			.phase = CT_PHASE_START,
			.reason = CT_REASON_LOCK,
			.step = "exec",
			.pid = 1,
			.tid = 1,
		};
		struct ct_record rec = {
			.type = CT_RECORD_START,
			.who = &who,
			.node = evil[i],
			.why = &why,
			.path = &piece,
			.piece_count = 1,
			.begin_ns = session.begin_ns,
			.end_ns = session.begin_ns,
			.ready = -1,
			.exit_code = CT_NO_EXIT_CODE,
			.failed_phase = CT_PHASE_START,
			.message = evil[i],
			.predecessor = &before,
			.steps = &step,
			.step_count = 1,
		};

		name_all(&who, evil[i]);
		snprintf(step.detail, sizeof(step.detail), "%s", evil[i]);
		snprintf(piece.actor, sizeof(piece.actor), "%s", evil[i]);
		snprintf(piece.what, sizeof(piece.what), "%s", evil[i]);
		before = who;
		lasts(&rec, CT_PHASE_CREATE, MS);
		lasts(&rec, CT_PHASE_START, 5 * MS);
		add(&rec);
		rec.outcome = CT_OUTCOME_FAILED;
		add(&rec);
	}
	end();
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: make DIR\n");
		return 2;
	}
	make_many(argv[1]);
	make_hostile(argv[1]);
	return 0;
}
