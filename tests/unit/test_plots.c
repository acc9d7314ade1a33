// SPDX-License-Identifier: GPL-2.0-only
/* The sinks that draw: timeline, cdf, histogram. */
#include "sink_records.h"

#include "sinks/escape.h"
#include "sinks/plots/plot.h"

static const char *const names[] = { "timeline", "cdf", "histogram" };

/* As run() of sink_records.h, for sinks that leave functions out. */
static char *drawn(const char *name, const struct options *opts, const struct ct_record *recs,
		   size_t count)
{
	char path[] = "/tmp/coldtrace-plot-XXXXXX", spec[64];
	struct ct_summary *summary = ct_summary_new();
	struct ct_err err = { 0 };
	struct ct_sink s;
	int fd = mkstemp(path);
	char *text;

	setenv("TZ", "UTC", 1);
	cr_assert(fd >= 0 && summary);
	snprintf(spec, sizeof(spec), "%s:%s", name, path);
	cr_assert_eq(ct_sink_open(&s, spec, &err), 0, "%s", err.msg);
	s.width = opts->width;
	s.utf8 = opts->utf8;
	s.colour = opts->colour;
	cr_assert_eq(ct_sink_begin(&s, &session, &err), 0, "%s", err.msg);
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(ct_summary_add(summary, &recs[i]), 0);
		cr_assert_eq(ct_sink_record(&s, &session, &recs[i], &err), 0, "%s", err.msg);
	}
	cr_assert_eq(ct_sink_end(&s, &session, summary, &no_loss, &err), 0, "%s", err.msg);
	cr_assert_eq(ct_sink_close(&s, &err), 0, "%s", err.msg);
	ct_summary_free(summary);
	text = calloc(1, 1 << 20);
	cr_assert(text && pread(fd, text, (1 << 20) - 1, 0) > 0);
	close(fd);
	unlink(path);
	return text;
}

static void expect_fits(const char *name, char *text, size_t width)
{
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		cr_expect_leq(ct_text_columns(line), width, "%s, %zu columns: %s", name, width,
			      line);
		cr_expect(!*line || line[strlen(line) - 1] != ' ', "%s: '%s'", name, line);
	}
}

Test(plots, fit_any_width)
{
	struct ct_record recs[] = { a_start(), a_stop(), a_restart(), a_gap() };

	for (size_t n = 0; n < CT_ARRAY_SIZE(names); n++) {
		for (unsigned width = 56; width <= 160; width += 4) {
			struct options opts = { .width = width, .utf8 = width % 8 };
			own_mem char *text = drawn(names[n], &opts, recs, CT_ARRAY_SIZE(recs));

			expect_fits(names[n], text, width);
		}
	}
}

Test(plots, ascii_is_ascii)
{
	struct ct_record recs[] = { a_start(), a_stop(), a_restart(), a_failed_start() };
	struct options opts = { 0 };

	for (size_t n = 0; n < CT_ARRAY_SIZE(names); n++) {
		own_mem char *text = drawn(names[n], &opts, recs, CT_ARRAY_SIZE(recs));

		for (const char *c = text; *c; c++)
			cr_assert(*c == '\n' || (*c >= ' ' && *c <= '~'), "%s: %x", names[n],
				  (unsigned char)*c);
	}
}

/* What a container chose never reaches the terminal as it is. */
Test(plots, injection)
{
	struct ct_identity who = { .name = "" };
	char message[4097];
	struct ct_record evil[2] = { an_injection(&who, message), a_start() };

	evil[1].who = &who;
	for (size_t n = 0; n < CT_ARRAY_SIZE(names); n++) {
		struct options opts = { .width = 120, .utf8 = true };
		own_mem char *text = drawn(names[n], &opts, evil, 2);

		for (const unsigned char *c = (const unsigned char *)text; *c; c++)
			cr_assert(*c == '\n' || (*c >= ' ' && *c != 0x7f), "%s: %x", names[n], *c);
		cr_expect_not(strstr(text, "\xe2\x80\xae"), "%s", names[n]);
		cr_expect_not(strstr(text, "\xff"), "%s", names[n]);
	}
}

Test(plots, nothing_to_draw)
{
	struct options opts = { .width = 80, .utf8 = true };

	for (size_t n = 0; n < CT_ARRAY_SIZE(names); n++)
		free(drawn(names[n], &opts, NULL, 0));
}

Test(plots, timeline)
{
	struct ct_record rec = a_start();
	struct options opts = { .width = 120 };
	own_mem char *text = drawn("timeline", &opts, &rec, 1);

	expect_in(text, "start web: 207 ms, ready by listen\n");
	expect_in(text, "0123456789ab  runc  busybox:1\n");
	expect_in(text, "\n    rootfs mount                  +1.00 ms  3.00 ms  ");
	expect_in(text, "\n      mounts x17                  +30.0 ms  20.0 ms  ");
	expect_in(text, "exec");
	expect_in(text, "?");
	expect_in(text, "50 ms");
}

Test(plots, every_picture_ends_with_what_is_missing)
{
	static const struct {
		struct ct_core_counts counts;
		const char *said;
	} rows[] = {
		{ { 0 }, "\n\nNothing lost. " },
		{ { .unread = 1 }, "\n\nINCOMPLETE: not all of 1 recording could be read. " },
	};
	const struct ct_record rec = a_start();

	for (size_t n = 0; n < CT_ARRAY_SIZE(names); n++) {
		for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
			own_mem char *text = run(names[n], &(struct options){ .width = 200 }, &rec,
						 1, &rows[i].counts);

			expect_in(text, rows[i].said);
		}
	}
}

Test(plots, histogram_counts_all)
{
	struct ct_record recs[300];
	struct options opts = { .width = 120 };
	own_mem char *text = NULL;
	unsigned long sum = 0;

	for (size_t i = 0; i < CT_ARRAY_SIZE(recs); i++) {
		recs[i] = record(CT_RECORD_START, &web);
		lasts(&recs[i], CT_PHASE_START, (i % 50 + 1) * (i % 7 + 1) * 100000);
	}
	text = drawn("histogram", &opts, recs, CT_ARRAY_SIZE(recs));
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		const char *to = strstr(line, " .. ");
		unsigned long n;

		if (to && sscanf(to, " .. %*s %*s %lu", &n) == 1)
			sum += n;
	}
	cr_expect_eq(sum, 300);
}

/* Of what there is, the first row has the minimum and the last the maximum. */
Test(plots, histogram_has_no_empty_end)
{
	struct ct_record recs[12];
	own_mem char *text = NULL;

	for (size_t i = 0; i < CT_ARRAY_SIZE(recs); i++) {
		recs[i] = record(CT_RECORD_START, &web);
		lasts(&recs[i], CT_PHASE_START, 360 * MS + i * 6456000);
	}
	text = drawn("histogram", &(struct options){ .width = 120 }, recs, CT_ARRAY_SIZE(recs));
	expect_in(text, "     430 ms .. 440 ms          1    8.3 %");
	cr_expect_null(strstr(text, "440 ms .. "), "%s", text);
}

Test(plots, labels)
{
	static const struct {
		double ns;
		const char *label;
	} labels[] = {
		{ 0, "0" },     { 1000, "1 us" },   { 1500000, "1.5 ms" },   { 50000000, "50 ms" },
		{ 1e9, "1 s" }, { 2.5e9, "2.5 s" }, { 200000000, "200 ms" }, { 1230000, "1.23 ms" },
	};
	char buf[CT_LABEL_LEN];

	for (size_t i = 0; i < CT_ARRAY_SIZE(labels); i++)
		cr_expect_str_eq(ct_scale_label(buf, labels[i].ns, false), labels[i].label);
}
