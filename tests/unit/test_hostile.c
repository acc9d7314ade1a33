// SPDX-License-Identifier: GPL-2.0-only
/*
 * What every output does with the worst that a container may choose, in every place where it may,
 * and with a disk that is full at any place. A new output is a row of ct_sinks and is tested here.
 */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <sys/resource.h>

#include "sink_records.h"
#include "sinks/escape.h"
#include "tape.h"

static const char *const evil[] = {
	"\033[2J\033]0;own\a\x01\x7f\r\t\b",
	"\"},\n{\"kind\":\"x\",\\",
	"\"\n",
	"\"} 1 # {x=\"y\"} 1\n# EOF\n",
	"a\r\nb,c\"d\"\te",
	"</script><script>alert(1)</script><!--",
	"\xff\xc3(\x9b\xe2\x80\xae\xed\xa0\x80\xc2\x9b",
	"'quoted' `id` $(id) \\n \\",
	"=HYPERLINK(\"http://x\")",
	"Tag=a,b c",
	"",
};

/* The same everywhere, with waits, a pod and opened files. */
struct hostile {
	struct ct_identity who;
	struct ct_step step;
	struct ct_piece pieces[2];
	struct ct_why why;
	const char *text;
};

static void put(char *field, size_t room, const char *text)
{
	snprintf(field, room, "%s", text);
}
#define PUT(field, text) put(field, sizeof(field), text)

static void make_hostile(struct hostile *h, const char *text)
{
	*h = (struct hostile){
		.who = { .init_pid = 1 },
		.step = { .name = "exec",
			  .actor = "init",
			  .phase = CT_PHASE_START,
			  .begin_ns = 100001 * MS,
			  .end_ns = 100004 * MS,
			  .pid = 1,
			  .count = 1 },
		.pieces = { { .begin_ns = session.begin_ns,
			      .end_ns = session.begin_ns + 4 * MS,
			      .phase = CT_PHASE_CREATE,
			      .reason = CT_REASON_LOCK,
			      .step = "exec",
			      .pid = 1,
			      .tid = 1 },
			    { .begin_ns = session.begin_ns + 4 * MS,
			      .end_ns = session.begin_ns + 6 * MS,
			      .phase = CT_PHASE_START,
			      .reason = CT_REASON_PEER,
			      .step = "" } },
		.why = { { [CT_REASON_LOCK] = 3 * MS } },
		.text = text,
	};
	PUT(h->who.id, text);
	PUT(h->who.name, text);
	PUT(h->who.image, text);
	PUT(h->who.runtime, text);
	PUT(h->who.engine, text);
	PUT(h->who.ns, text);
	PUT(h->who.pod, text);
	PUT(h->who.pod_ns, text);
	PUT(h->who.pod_uid, text);
	PUT(h->who.pod_container, text);
	PUT(h->step.detail, text);
	for (size_t i = 0; i < CT_ARRAY_SIZE(h->pieces); i++) {
		PUT(h->pieces[i].actor, text);
		PUT(h->pieces[i].what, text);
	}
}

static struct ct_record record_of(const struct hostile *h, enum ct_record_type type)
{
	struct ct_record rec = record(type, &h->who);

	lasts(&rec, CT_PHASE_CREATE, 1 * MS);
	lasts(&rec, CT_PHASE_START, 5 * MS);
	rec.node = h->text;
	rec.message = h->text;
	rec.predecessor = &h->who;
	rec.steps = &h->step;
	rec.step_count = 1;
	rec.why = &h->why;
	rec.path = h->pieces;
	rec.piece_count = CT_ARRAY_SIZE(h->pieces);
	return rec;
}

static struct ct_opens *opens_of(const struct hostile *h)
{
	struct ct_opens *o = ct_opens_new();
	struct tape t = { 0 };
	char path[256], mount[256];

	snprintf(path, sizeof(path), "/%s", h->text);
	snprintf(mount, sizeof(mount), "/%s/%s", h->text, h->text);
	cr_assert(o);
	o->who = h->who;
	o->node = h->text;
	o->seq = 1;
	tape_opens(&t, 1, CT_VIEW_NATIVE, 10, 2, 1, 2);
	tape_opens_path(&t, 1, path, "/", TAPE_OVERLAY, 6, 0);
	tape_opens_path(&t, 1, mount, mount, TAPE_OVERLAY + 1, 4, 2);
	for (size_t i = 0; i < t.count; i++)
		cr_assert_eq(ct_opens_add(o, CT_VIEW_NATIVE, tape_event(&t, i)), 0);
	tape_free(&t);
	return o;
}

/* Everything through an output that is open; closes it. */
static int write_hostile(struct ct_sink *s, const struct hostile *h, struct ct_err *err)
{
	struct ct_summary *summary = ct_summary_new();
	struct ct_record recs[4];
	struct ct_err second;
	int ret;

	cr_assert(summary);
	for (int i = 0; i < 3; i++)
		recs[i] = record_of(h, i < 2 ? CT_RECORD_START : CT_RECORD_RESTART);
	recs[1].outcome = CT_OUTCOME_FAILED;
	recs[1].failed_phase = CT_PHASE_START;
	recs[3] = a_stop();
	cr_assert_eq(ct_opens_list_take(ct_summary_opens(summary), opens_of(h)), 0);
	ret = ct_sink_begin(s, &session, err);
	for (size_t i = 0; !ret && i < CT_ARRAY_SIZE(recs); i++) {
		cr_assert_eq(ct_summary_add(summary, &recs[i]), 0);
		ret = ct_sink_record(s, &session, &recs[i], err);
	}
	if (!ret)
		ret = ct_sink_end(s, &session, summary, &no_loss, err);
	ct_summary_free(summary);
	if (ret)
		ct_sink_close(s, &second);
	else
		ret = ct_sink_close(s, err);
	return ret;
}

static void open_at(struct ct_sink *s, size_t i, const char *path, char *spec, size_t room)
{
	struct ct_err err = { 0 };

	setenv("TZ", "UTC", 1);
	snprintf(spec, room, "%s:%s", ct_sinks[i]->name, path);
	cr_assert_eq(ct_sink_open(s, spec, &err), 0, "%s", err.msg);
	s->utf8 = true;
	s->steps = true;
}

/* What output i makes of the text, for the caller to free. */
static char *written(size_t i, const char *text, unsigned width, size_t *ret_len)
{
	char path[] = "/tmp/coldtrace-hostile-XXXXXX", spec[80];
	int fd = mkstemp(path);
	char *bytes = calloc(1, 1 << 20);
	struct hostile h;
	struct ct_sink s;
	struct ct_err err = { 0 };
	ssize_t n;

	cr_assert(fd >= 0 && bytes);
	make_hostile(&h, text);
	open_at(&s, i, path, spec, sizeof(spec));
	s.width = width;
	cr_assert_eq(write_hostile(&s, &h, &err), 0, "%s", err.msg);
	n = pread(fd, bytes, (1 << 20) - 1, 0);
	cr_assert(n > 0 && n < (1 << 20) - 1, "%s", spec);
	close(fd);
	unlink(path);
	*ret_len = (size_t)n;
	return bytes;
}

/* The sanitizer's strstr() would measure all that is left each time. */
static size_t count(const char *text, const char *what)
{
	const char *end = text + strlen(text);
	const size_t len = strlen(what);
	size_t n = 0;

	while ((text = memmem(text, (size_t)(end - text), what, len))) {
		text += len;
		n++;
	}
	return n;
}

/* One value, or one a line. */
static void expect_json(const char *name, const char *text)
{
	size_t left = strlen(text);

	while (left && strspn(text, " \n") < left) {
		json_error_t error;
		json_t *value = json_loadb(text, left,
					   JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &error);

		cr_assert(value, "%s: %s: %s", name, error.text, text);
		json_decref(value);
		text += error.position;
		left -= (size_t)error.position;
	}
}

/* RFC 4180: as many cells in every row. */
static void expect_csv(const char *name, const char *text)
{
	size_t cells = 1, first = 0;
	bool quoted = false;

	for (const char *c = text; *c; c++) {
		if (*c == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		cells += *c == ',';
		if (*c != '\n')
			continue;
		first = first ? first : cells;
		cr_expect_eq(cells, first, "%s: %zu cells", name, cells);
		cells = 1;
	}
	cr_expect(!quoted && cells == 1, "%s: the last row does not end", name);
}

/* By what a file of that kind has to be: columns: suffix, check. Others are lines. */
static const struct {
	const char *suffix;
	void (*expect)(const char *name, const char *text);
} kinds[] = {
	{ ".jsonl", expect_json },
	{ ".json", expect_json },
	{ ".csv", expect_csv },
};

static void expect_whole(const struct ct_sink_ops *ops, const char *text)
{
	size_t n = strlen(ops->suffix);

	for (size_t k = 0; k < CT_ARRAY_SIZE(kinds); k++) {
		size_t m = strlen(kinds[k].suffix);

		if (n >= m && !strcmp(ops->suffix + n - m, kinds[k].suffix)) {
			kinds[k].expect(ops->name, text);
			return;
		}
	}
}

/* Of as many bytes, each of which needs no escape. */
static void tame(char *to, const char *text)
{
	size_t n = strlen(text);

	memset(to, 'x', n);
	to[n] = '\0';
}

Test(hostile, no_output_is_taken_over)
{
	for (size_t i = 0; ct_sinks[i]; i++) {
		const char *name = ct_sinks[i]->name;

		/* Of length and value; what it means is asked of a decoder by test_pictures.c. */
		if (ct_sinks[i]->binary)
			continue;
		for (size_t e = 0; e < CT_ARRAY_SIZE(evil); e++) {
			char harmless[128];
			size_t len;
			own_mem char *text = written(i, evil[e], 0, &len);
			own_mem char *other = NULL;

			cr_expect_eq(strlen(text), len, "%s: a NUL", name);
			for (const char *c = text; *c; c++)
				cr_assert(*c == '\n' || (*c == '\r' && c[1] == '\n') ||
						  ((unsigned char)*c >= 0x20 && *c != 0x7f),
					  "%s, text %zu: byte %02x", name, e, *c);
			cr_expect_null(strchr(text, '\xff'), "%s, text %zu", name, e);
			cr_expect_null(strstr(text, "\xc2\x9b"), "%s, text %zu", name, e);
			cr_expect_null(strstr(text, "\xed\xa0\x80"), "%s, text %zu", name, e);
			expect_whole(ct_sinks[i], text);
			tame(harmless, evil[e]);
			other = written(i, harmless, 0, &len);
			cr_expect_eq(count(text, "\n"), count(other, "\n"),
				     "%s, text %zu: other lines:\n%s\nthan:\n%s", name, e, text,
				     other);
			if (!strcmp(ct_sinks[i]->suffix, ".html"))
				cr_expect_eq(count(text, "<"), count(other, "<"),
					     "%s, text %zu: other elements", name, e);
		}
	}
}

/* As of a disk: what fits is written, the rest is not. */
static void limit_files(rlim_t len)
{
	const struct rlimit limit = { len, RLIM_INFINITY };

	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Test(hostile, every_output_says_where_the_disk_was_full)
{
	struct hostile h;

	signal(SIGXFSZ, SIG_IGN);
	make_hostile(&h, "/name");
	for (size_t i = 0; ct_sinks[i]; i++) {
		const size_t len = ({
			size_t n;
			free(written(i, "/name", 0, &n));
			n;
		});
		const size_t full_at[] = { 0, 1, len / 2, len - 1 };

		for (size_t k = 0; k < CT_ARRAY_SIZE(full_at); k++) {
			char path[] = "/tmp/coldtrace-hostile-XXXXXX", spec[80], msg[128];
			int fd = mkstemp(path), ret;
			struct ct_sink s;
			struct ct_err err = { 0 };

			cr_assert(fd >= 0);
			open_at(&s, i, path, spec, sizeof(spec));
			limit_files(full_at[k]);
			ret = write_hostile(&s, &h, &err);
			limit_files(RLIM_INFINITY);
			close(fd);
			unlink(path);
			snprintf(msg, sizeof(msg), "output '%s' to '%s': File too large",
				 ct_sinks[i]->name, path);
			cr_expect_eq(ret, -EFBIG, "%s: full at %zu of %zu: %d", spec, full_at[k],
				     len, ret);
			expect_in(err.msg, msg);
		}
	}
}
