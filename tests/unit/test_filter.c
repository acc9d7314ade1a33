// SPDX-License-Identifier: GPL-2.0-only
/* What passes by its time, what there was when nothing passed, and directories of recordings. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cmd/options_filter.h"
#include "cmd/options_value.h"
#include "cmd/paths.h"
#include "cmd/seen.h"
#include "util/amount.h"
#include "util/mem.h"

#define S        1000000000ll
#define WALL     1795471200 /* 2026-11-23T22:00:00Z */
#define BEGIN_NS (100 * S) /* of the recording */
#define OFFSET   (WALL * S - BEGIN_NS)

/* Columns: text, ns; 0: it is none. */
static const struct {
	const char *text;
	uint64_t ns;
} durations[] = {
	{ "90", 90 * S },     { "1.5", 1500000000 }, { ".5s", S / 2 },
	{ "500ms", S / 2 },   { "1m", 60 * S },      { "1h30m", 5400 * S },
	{ "2d", 172800 * S }, { "1m30", 0 },         { "", 0 },
	{ "0", 0 },           { "0m", 0 },           { "-1", 0 },
	{ "1 m", 0 },         { "1M", 0 },           { "m", 0 },
	{ ".", 0 },           { "inf", 0 },          { "0x10", 0 },
	{ "1e3", 0 },         { "999999999d", 0 },
};

Test(filter, durations)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(durations); i++) {
		uint64_t ns = 0;
		int ret = ct_duration_parse(durations[i].text, &ns);

		cr_expect_eq(ns, durations[i].ns, "'%s' is %llu", durations[i].text,
			     (unsigned long long)ns);
		cr_expect_eq(!ret, durations[i].ns > 0, "'%s'", durations[i].text);
	}
}

/* Columns: --since, s after the begin; -1: it is no time. */
static const struct {
	const char *text;
	double s;
} times[] = {
	{ "2026-11-23T22:00:07", 7 },
	{ "2026-11-23T22:00:07Z", 7 },
	{ "2026-11-23 22:01", 60 },
	{ "2026-11-23T23:00:07+01:00", 7 },
	{ "2026-11-23T19:30:07-0230", 7 },
	{ "2026-11-23T22:00:07.250Z", 7.25 },
	{ "2026-11-24", 7200 },
	{ "2026-11-01", -100 }, /* before the node was booted */
	{ "22:00:07", 7 },
	{ "22:00:07.250", 7.25 },
	{ "22:01", 60 },
	{ "00:00", 7200 }, /* the next day */
	{ "09:59", 43140 },
	{ "21:59:58", -2 }, /* and not the next one */
	{ "22:00:07Z", -1 }, /* a zone of no day */
	{ "24:00", -1 },
	{ "22:", -1 },
	{ "+7s", 7 },
	{ "+1m30s", 90 },
	{ "2026-13-01", -1 },
	{ "2026-11-23T24:00", -1 },
	{ "2026-11-23T22", -1 },
	{ "2026-11-23T22:00:07.Z", -1 },
	{ "2026-11-23T22:00+1", -1 },
	{ "2026-11-23x", -1 },
	{ "yesterday", -1 },
	{ "+", -1 },
	{ "", -1 },
};

Test(filter, times)
{
	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < CT_ARRAY_SIZE(times); i++) {
		struct ct_options opts = { 0 };
		struct ct_err err = { 0 };
		struct ct_window window;
		int ret = ct_parse_since(&opts, times[i].text, &err);

		cr_assert_eq(!ret, times[i].s != -1, "'%s': %s", times[i].text, err.msg);
		if (ret)
			continue;
		window = ct_options_window(&opts, OFFSET, BEGIN_NS);
		cr_expect_eq(window.from_ns, (uint64_t)(BEGIN_NS + times[i].s * S), "'%s': %llu",
			     times[i].text, (unsigned long long)window.from_ns);
		cr_expect_eq(window.until_ns, 0);
	}
}

/* The table has the time that it is here: so has who reads it. */
Test(filter, a_time_of_day_is_that_of_the_table)
{
	struct ct_options opts = { 0 };
	struct ct_err err;

	setenv("TZ", "EST5", 1);
	tzset();
	cr_assert_eq(ct_parse_since(&opts, "17:00:07", &err), 0);
	cr_expect_eq(ct_options_window(&opts, OFFSET, BEGIN_NS).from_ns, BEGIN_NS + 7 * S);
}

/* As docker and kubectl have it, a time without a sign is ago. */
Test(filter, a_duration_is_ago)
{
	struct ct_options opts = { 0 };
	struct ct_err err;
	int64_t now = (int64_t)time(NULL);

	cr_assert_eq(ct_parse_until(&opts, "1h", &err), 0);
	cr_expect_lt(llabs(opts.until.ns / S - (now - 3600)), 3);
}

/* Before the node was booted nothing began. */
Test(filter, until_before_the_boot)
{
	struct ct_options opts = { 0 };
	struct ct_window window;
	struct ct_err err;

	cr_assert_eq(ct_parse_until(&opts, "2026-11-01", &err), 0);
	window = ct_options_window(&opts, OFFSET, BEGIN_NS);
	cr_expect(!ct_window_has(&window, BEGIN_NS));
}

Test(filter, a_window_has_its_begin_and_not_its_end)
{
	const struct ct_identity who = { .id = "a" };
	struct ct_options opts = { 0 };
	struct ct_window window;
	struct ct_err err;

	cr_assert_eq(ct_parse_since(&opts, "+10s", &err), 0);
	cr_assert_eq(ct_parse_until(&opts, "+20s", &err), 0);
	window = ct_options_window(&opts, OFFSET, BEGIN_NS);
	for (int s = 8; s < 23; s++) {
		const struct ct_record rec = { .who = &who,
					       .begin_ns = (uint64_t)(BEGIN_NS + s * S) };

		cr_expect_eq(ct_options_match(&opts, &window, &rec), s >= 10 && s < 20, "%d", s);
	}
}

/* Columns: --kind, whether -n counts a start, a stop. */
static const struct {
	const char *kinds;
	bool start, stop;
} counted[] = {
	{ "start,stop,restart", true, false },
	{ "stop", false, true },
	{ "remove", false, false },
};

Test(filter, what_n_counts)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(counted); i++) {
		struct ct_options opts = { 0 };
		struct ct_err err;

		cr_expect(ct_options_counts(&opts, CT_RECORD_START));
		cr_expect(!ct_options_counts(&opts, CT_RECORD_STOP));
		cr_assert_eq(ct_parse_kind(&opts, counted[i].kinds, &err), 0);
		cr_expect_eq(ct_options_counts(&opts, CT_RECORD_START), counted[i].start);
		cr_expect_eq(ct_options_counts(&opts, CT_RECORD_STOP), counted[i].stop);
	}
}

static void see(struct ct_seen *seen, const struct ct_options *opts, const char *name,
		const char *runtime, uint64_t s)
{
	struct ct_identity who = { .id = "a" };
	const struct ct_record rec = { .who = &who, .begin_ns = (uint64_t)BEGIN_NS + s * S };

	snprintf(who.name, sizeof(who.name), "%s", name);
	snprintf(who.runtime, sizeof(who.runtime), "%s", runtime);
	ct_seen_add(seen, opts, &rec);
}

Test(filter, what_there_was)
{
	struct ct_options opts = { 0 };
	struct ct_seen seen = { 0 };
	struct ct_err err;
	char text[1024];

	cr_assert_eq(ct_parse_runtime(&opts, "rnsc", &err), 0);
	cr_assert_eq(ct_parse_container(&opts, "x", &err), 0);
	cr_expect(!ct_seen_sentence(&seen, &opts, OFFSET, text, sizeof(text)), "there was nothing");
	see(&seen, &opts, "a", "runc", 0);
	see(&seen, &opts, "b", "runsc", 61);
	see(&seen, &opts, "", "runc", 5);
	cr_expect(ct_seen_sentence(&seen, &opts, OFFSET, text, sizeof(text)));
	cr_expect_str_eq(
		text,
		"of 3 records none passes the filters; runtime: runc (2), runsc (1); container: a (1), b (1), no value (1)");
	cr_assert_eq(ct_parse_until(&opts, "2026-11-01", &err), 0);
	cr_expect(ct_seen_sentence(&seen, &opts, OFFSET, text, sizeof(text)));
	cr_expect_str_eq(
		text,
		"of 3 records none passes the filters; runtime: runc (2), runsc (1); container: a (1), b (1), no value (1); begun: 2026-11-23T22:00:00Z to 2026-11-23T22:01:01Z");
	opts = (struct ct_options){ 0 };
	cr_expect(!ct_seen_sentence(&seen, &opts, OFFSET, text, sizeof(text)), "no filter");
}

static bool is_labelled(const struct ct_options *opts, const char *pairs, size_t len)
{
	const struct ct_window always = { 0 };
	const struct ct_identity who = { .id = "a" };
	struct ct_labels labels = { .len = len };
	struct ct_record rec = { .who = &who, .labels = len ? &labels : NULL };

	memcpy(labels.pairs, pairs, len);
	return ct_options_match(opts, &always, &rec);
}
#define LABELLED(pairs) is_labelled(&opts, pairs, sizeof(pairs))

Test(filter, labels)
{
	struct ct_options opts = { 0 };
	struct ct_seen seen = { 0 };
	const struct ct_identity who = { .id = "a" };
	struct ct_labels labels = { .len = sizeof("load\0disk\0who\0me") };
	const struct ct_record rec = { .who = &who, .labels = &labels };
	struct ct_err err;
	char text[256];

	cr_expect(is_labelled(&opts, "", 0), "nothing is asked for");
	cr_assert_eq(ct_parse_labelled(&opts, "load=disk,mem*", &err), 0);
	cr_expect(LABELLED("load\0disk"));
	cr_expect(LABELLED("who\0me\0load\0memory"));
	cr_expect(!LABELLED("load\0cpu"));
	cr_expect(!LABELLED("loads\0disk"));
	cr_expect(!is_labelled(&opts, "", 0), "it has none");
	cr_assert_eq(ct_parse_labelled(&opts, "load=cpu", &err), 0);
	cr_expect(LABELLED("load\0cpu"), "the same name once more: or");
	cr_expect(LABELLED("load\0disk"));
	cr_assert_eq(ct_parse_labelled(&opts, "who=me", &err), 0);
	cr_expect(LABELLED("who\0me\0load\0cpu"), "another name: and");
	cr_expect(!LABELLED("who\0you\0load\0cpu"));
	cr_expect_eq(ct_parse_labelled(&opts, "who", &err), -EINVAL);
	cr_expect_eq(ct_parse_labelled(&opts, "=x", &err), -EINVAL);
	memcpy(labels.pairs, "load\0disk\0who\0me", labels.len);
	ct_seen_add(&seen, &opts, &rec);
	cr_expect(ct_seen_sentence(&seen, &opts, OFFSET, text, sizeof(text)));
	cr_expect_str_eq(text, "of 1 record none passes the filters; label: load=disk who=me (1)");
}

/* A mistyped key is a label that nobody has; who was started by others was so. */
Test(filter, what_there_was_of_conditions)
{
	struct ct_options opts = { .only_mine = true };
	struct ct_where where = { 0 };
	struct ct_seen seen = { .where = &where };
	struct ct_err err;
	char text[256];

	cr_assert_eq(ct_where_parse(&where, "a", "runtim=runc,runtime=runsc", &err), 0);
	see(&seen, &opts, "a", "runc", 0);
	see(&seen, &opts, "b", "crun", 0);
	cr_expect(ct_seen_sentence(&seen, &opts, OFFSET, text, sizeof(text)));
	cr_expect_str_eq(
		text,
		"of 2 records none passes the filters; started by: others (2); runtim: no value (2); runtime: runc (1), crun (1)");
	opts.only_mine = false;
	where.count = 0;
	cr_expect(!ct_seen_sentence(&seen, &opts, OFFSET, text, sizeof(text)), "no filter");
}

/* More values than have room, and a sentence that does not fit. */
Test(filter, many_values)
{
	struct ct_options opts = { 0 };
	struct ct_seen seen = { 0 };
	struct ct_err err;
	char text[1024], name[32], little[40];

	cr_assert_eq(ct_parse_container(&opts, "x", &err), 0);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		see(&seen, &opts, name, "runc", 0);
	}
	cr_expect(ct_seen_sentence(&seen, &opts, OFFSET, text, sizeof(text)));
	cr_expect(strstr(text, "c7 (1), others (12)"), "%s", text);
	cr_expect(ct_seen_sentence(&seen, &opts, OFFSET, little, sizeof(little)));
	cr_expect_eq(strlen(little), sizeof(little) - 1);
}

/* Columns: what was typed, what was meant. */
static const struct {
	const char *word, *meant;
} near[] = {
	{ "reprot", "report" }, { "reports", "report" },
	{ "recrod", "record" }, { "docter", "doctor" },
	{ "dif", "diff" },      { "fdif", NULL },
	{ "run", NULL },        { "", NULL },
	{ "x", NULL },          { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
};

Test(filter, what_was_meant)
{
	static const char *const names[] = { "trace", "record", "report", "diff", "doctor", NULL };

	for (size_t i = 0; i < CT_ARRAY_SIZE(near); i++) {
		const char *meant = ct_value_near(near[i].word, names);

		cr_expect_eq(!meant, !near[i].meant, "%s: %s", near[i].word, meant);
		if (meant && near[i].meant)
			cr_expect_str_eq(meant, near[i].meant);
	}
}

Test(filter, a_directory_is_its_recordings)
{
	static const char *const files[] = { "b.ct", "a.ct", "a.txt", ".c.ct", ".ct" };
	char dir[] = "/tmp/ct-paths-XXXXXX", path[64], empty[64];
	const char *const items[] = { "one.ct", dir, "-" };
	struct ct_operands operands = { items, 3 };
	struct ct_directories all = { 0 }, none = { 0 };
	struct ct_err err;

	cr_assert(mkdtemp(dir));
	for (size_t i = 0; i < CT_ARRAY_SIZE(files); i++) {
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		f = fopen(path, "w");
		cr_assert(f);
		fclose(f);
	}
	cr_assert_eq(ct_directories_expand(&all, &operands, &err), 0);
	cr_assert_eq(operands.count, 4);
	cr_expect_str_eq(operands.items[0], "one.ct");
	snprintf(path, sizeof(path), "%s/a.ct", dir);
	cr_expect_str_eq(operands.items[1], path);
	snprintf(path, sizeof(path), "%s/b.ct", dir);
	cr_expect_str_eq(operands.items[2], path);
	cr_expect_str_eq(operands.items[3], "-");
	ct_directories_free(&all);

	snprintf(empty, sizeof(empty), "%s/empty", dir);
	cr_assert_eq(mkdir(empty, 0700), 0);
	operands = (struct ct_operands){ (const char *const[]){ empty }, 1 };
	cr_expect_eq(ct_directories_expand(&none, &operands, &err), -ENOENT);
	ct_directories_free(&none);
	rmdir(empty);
	for (size_t i = 0; i < CT_ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}
