// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace info FILE...: what a recording is, without what it tells. */
#include "cmd/info.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/paths.h"
#include "sinks/escape.h"
#include "sinks/json/json_writer.h"
#include "sinks/losses.h"
#include "sinks/sink.h"
#include "sinks/units.h"
#include "util/mem.h"

#define NAME_WIDTH 10

static int64_t wall(const struct ct_recording_info *info, uint64_t mono_ns)
{
	int64_t ns;

	return __builtin_add_overflow(info->header.wall_minus_mono_ns, mono_ns, &ns) ? 0 : ns;
}

static uint64_t length_of(const struct ct_recording_info *info)
{
	return info->end_ns > info->header.begin_ns ? info->end_ns - info->header.begin_ns : 0;
}

static bool is_known(const struct ct_recording_info *info)
{
	return info->header.version != 0;
}

static void put_name(FILE *out, const char *name)
{
	fprintf(out, "  %-*s ", NAME_WIDTH, name);
}

static void put_words(FILE *out, const char *words)
{
	own_mem char *safe = ct_escape_text_dup(words, ct_locale_is_utf8());

	fputs(safe ? safe : "?", out);
}

static void put_row(FILE *out, const char *name, const char *words)
{
	put_name(out, name);
	put_words(out, *words ? words : "not known");
	putc('\n', out);
}

static void put_host(FILE *out, const struct ct_recording_header *h)
{
	char more[96], all[192];

	snprintf(more, sizeof(more), "%s%s%" PRIu32 " CPUs", h->machine, *h->machine ? ", " : "",
		 h->cpus);
	snprintf(all, sizeof(all), "%s (%s)", *h->host ? h->host : "not known",
		 h->cpus ? more : "nothing more is known of it");
	put_row(out, "host", all);
}

static void put_times(FILE *out, const struct ct_recording_info *info)
{
	char begin[CT_RFC3339_LEN], end[CT_RFC3339_LEN];

	put_row(out, "begin", ct_rfc3339(begin, wall(info, info->header.begin_ns)));
	put_row(out, "end", ct_rfc3339(end, wall(info, info->header.begin_ns + length_of(info))));
	put_name(out, "length");
	fprintf(out, "%.3f s\n", (double)length_of(info) / 1e9);
}

static void put_depth(FILE *out, const struct ct_recording_header *h)
{
	char text[96];

	snprintf(text, sizeof(text), "%s%s%s%s", ct_depth_name(h->depth),
		 *h->plan ? ", plan '" : "", h->plan, *h->plan ? "'" : "");
	put_row(out, "depth", text);
}

static void put_size(FILE *out, const struct ct_recording_info *info)
{
	put_name(out, "size");
	if (info->size)
		fprintf(out, "%" PRIu64 " bytes, ", info->size);
	fprintf(out, "%" PRIu64 " blocks, %" PRIu64 " events of %" PRIu64 " bytes\n", info->blocks,
		info->events, info->raw_bytes);
}

static void put_series(FILE *out, const struct ct_recording_header *h)
{
	if (!h->series)
		return;
	put_name(out, "series");
	fprintf(out, "file %" PRIu32 " of %016" PRIx64, h->sequence + 1, (uint64_t)h->series);
	if (h->carried)
		fprintf(out, "; its first %" PRIu32 " events tell what was known before",
			h->carried);
	putc('\n', out);
}

static void put_kinds(FILE *out, const struct ct_recording_info *info)
{
	const char *between = "";

	put_name(out, "events");
	for (unsigned int k = 0; k < CT_KIND_MAX; k++) {
		const char *name = ct_kind_name(k);

		if (!info->kinds[k])
			continue;
		fprintf(out, "%s%s %" PRIu64, between, name ? name : "(not known)", info->kinds[k]);
		between = ", ";
	}
	fputs(*between ? "\n" : "none\n", out);
}

static void put_lost(FILE *out, const struct ct_recording_info *info)
{
	static const char *const names[CT_LOSS_MAX] = {
#define X(number, symbol, name, advice) [number] = name,
		CT_LOSSES(X)
#undef X
	};
	const char *between = "";

	put_name(out, "lost");
	for (size_t i = 0; i < CT_LOSS_MAX; i++) {
		if (!info->lost[i])
			continue;
		fprintf(out, "%s%" PRIu64 " (%s)", between, info->lost[i], names[i]);
		between = ", ";
	}
	fputs(*between ? "\n" : "nothing\n", out);
}

void ct_info_text(FILE *out, const char *path, const struct ct_recording_info *info)
{
	const struct ct_recording_header *h = &info->header;
	char node[40];

	put_words(out, path);
	putc('\n', out);
	put_row(out, "state", ct_recording_states[info->state].words);
	if (info->why.msg[0] && info->state != CT_RECORDING_WHOLE)
		put_row(out, "", info->why.msg);
	if (!is_known(info))
		return;
	put_host(out, h);
	snprintf(node, sizeof(node), "%016" PRIx64, (uint64_t)h->node);
	put_row(out, "node", h->node ? node : "");
	put_row(out, "kernel", h->kernel);
	put_row(out, "coldtrace", h->program);
	put_row(out, "command", h->command);
	put_times(out, info);
	put_depth(out, h);
	put_size(out, info);
	put_series(out, h);
	put_row(out, "secrets",
		h->flags & CT_RECORDING_DISTILLED
			? "kept out: of messages only what is needed is there"
			: "may be in it: messages were kept as they came; 'coldtrace scrub' leaves them out");
	put_lost(out, info);
	put_kinds(out, info);
}

static void json_lost(struct ct_json *w, const struct ct_recording_info *info)
{
	char name[CT_LOSS_NAME_LEN];

	ct_json_enter(w, "lost", '{');
	for (size_t i = 0; i < CT_LOSS_MAX; i++)
		ct_json_u64(w, ct_loss_name(name, i), info->lost[i]);
	ct_json_leave(w, '}');
	ct_json_enter(w, "kinds", '{');
	for (unsigned int k = 0; k < CT_KIND_MAX; k++)
		if (info->kinds[k])
			ct_json_u64(w, ct_kind_name(k) ? ct_kind_name(k) : "unknown",
				    info->kinds[k]);
	ct_json_leave(w, '}');
}

static void json_id(struct ct_json *w, const char *key, uint64_t id)
{
	char text[24];

	snprintf(text, sizeof(text), "%016" PRIx64, id);
	if (id)
		ct_json_string(w, key, text);
	else
		ct_json_null(w, key);
}

static void json_header(struct ct_json *w, const struct ct_recording_info *info)
{
	const struct ct_recording_header *h = &info->header;

	ct_json_string(w, "host", h->host);
	ct_json_string(w, "machine", h->machine);
	ct_json_u64_or_null(w, "cpus", h->cpus, h->cpus);
	json_id(w, "node", h->node);
	json_id(w, "boot", h->boot);
	ct_json_string(w, "kernel", h->kernel);
	ct_json_string(w, "version", h->program);
	ct_json_u64(w, "format", h->version);
	ct_json_u64(w, "format_minor", h->minor);
	ct_json_string(w, "command", h->command);
	ct_json_string(w, "depth", ct_depth_name(h->depth));
	ct_json_string(w, "plan", h->plan);
	ct_json_bool(w, "distilled", h->flags & CT_RECORDING_DISTILLED);
	json_id(w, "series", h->series);
	ct_json_u64_or_null(w, "sequence", h->sequence, h->series);
	ct_json_u64(w, "carried", h->carried);
	ct_json_time(w, "begin_time", wall(info, h->begin_ns));
	ct_json_time(w, "end_time", wall(info, h->begin_ns + length_of(info)));
	ct_json_u64(w, "length_ns", length_of(info));
}

void ct_info_json(FILE *out, const char *path, const struct ct_recording_info *info)
{
	struct ct_json w = { .f = out };

	ct_json_enter(&w, NULL, '{');
	ct_json_string(&w, "schema", "coldtrace-info/1");
	ct_json_string(&w, "file", path);
	ct_json_string(&w, "state", ct_recording_states[info->state].word);
	ct_json_string(&w, "why", info->state == CT_RECORDING_WHOLE ? "" : info->why.msg);
	ct_json_u64_or_null(&w, "size", info->size, info->size);
	if (is_known(info)) {
		json_header(&w, info);
		ct_json_u64(&w, "blocks", info->blocks);
		ct_json_u64(&w, "events", info->events);
		ct_json_u64(&w, "raw_bytes", info->raw_bytes);
		json_lost(&w, info);
	}
	ct_json_leave(&w, '}');
	putc('\n', out);
}

/* As a report of it would end. */
static bool is_incomplete(const struct ct_recording_info *info)
{
	for (size_t i = 0; i < CT_LOSS_MAX; i++)
		if (i != CT_LOSS_LATE && info->lost[i])
			return true;
	return info->state != CT_RECORDING_WHOLE && info->state != CT_RECORDING_GROWING;
}

/* One file that tells nothing does not keep the others from being told. */
static int tell(const char *path, const struct ct_options *opts, bool *ret_incomplete)
{
	own_mem struct ct_recording_info *info = calloc(1, sizeof(*info));
	struct ct_err err;

	if (!info)
		ct_fail(&err, ENOMEM, "read '%s': out of memory", path);
	if (!info || ct_recording_info_read(info, path, &err)) {
		ct_say("%s", err.msg);
		return CT_EXIT_FAILED;
	}
	(opts->json ? ct_info_json : ct_info_text)(stdout, path, info);
	*ret_incomplete |= is_incomplete(info);
	return CT_EXIT_OK;
}

int ct_cmd_info(const struct ct_options *opts, struct ct_err *err)
{
	struct ct_operands operands = opts->operands;
	struct ct_directories paths = { 0 };
	bool incomplete = false;
	int ret = CT_EXIT_OK;

	if (!opts->operands.count || opts->command) {
		ct_fail(err, EINVAL, "info needs a recording: coldtrace info FILE|DIR...");
		return ct_usage(err);
	}
	signal(SIGPIPE, SIG_IGN);
	if (ct_directories_expand(&paths, &operands, err))
		return err->code;
	for (size_t i = 0; i < operands.count; i++)
		if (tell(operands.items[i], opts, &incomplete))
			ret = CT_EXIT_FAILED;
	ct_directories_free(&paths);
	/* Who goes on reading no further has seen what it wanted. */
	errno = 0;
	if ((fflush(stdout) || ferror(stdout)) && errno && errno != EPIPE)
		return ct_fail(err, errno, "print to 'stdout': %s", strerror(errno));
	return ret ? ret : incomplete ? CT_EXIT_INCOMPLETE : CT_EXIT_OK;
}
