// SPDX-License-Identifier: GPL-2.0-only
#include "source/recording/recording_info.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

const struct ct_recording_state_row ct_recording_states[CT_RECORDING_STATE_MAX] = {
#define X(symbol, word, words) [CT_RECORDING_##symbol] = { word, words },
	CT_RECORDING_STATES(X)
#undef X
};

const char *ct_kind_name(unsigned int kind)
{
	static const char *const names[CT_KIND_MAX] = {
#define X(number, symbol, name, doc) [number] = name,
		CT_KINDS(X)
#undef X
	};

	return kind < CT_KIND_MAX ? names[kind] : NULL;
}

static void on_event(void *ctx, const struct ct_event *e)
{
	struct ct_recording_info *info = ctx;

	info->events++;
	info->raw_bytes += e->len;
	info->kinds[ct_kind_name(e->kind) ? e->kind : CT_KIND_MAX - 1]++;
	if (!info->first_ns || e->ts_ns < info->first_ns)
		info->first_ns = e->ts_ns;
	if (e->ts_ns > info->last_ns)
		info->last_ns = e->ts_ns;
	if (e->kind == CT_KIND_LABELS) {
		info->runs = e->obj > info->runs ? e->obj : info->runs;
		info->labels_len =
			e->tail_len < sizeof(info->labels) ? e->tail_len : sizeof(info->labels);
		memcpy(info->labels, e->tail, info->labels_len);
	}
	if (e->kind == CT_KIND_LOST)
		info->lost[e->sub < CT_LOSS_MAX ? e->sub : CT_LOSS_UNKNOWN] += e->obj;
}

static void read_events(struct ct_recording_info *info, struct ct_reader *reader)
{
	uint64_t cut = 0;
	int ret = ct_reader_run(reader, on_event, info, &cut, &info->why);

	info->blocks = ct_reader_blocks(reader);
	info->end_ns = ct_reader_end_ns(reader) ? ct_reader_end_ns(reader) : info->last_ns;
	if (ret || ct_reader_is_damaged(reader))
		info->state = CT_RECORDING_DAMAGED;
	else if (cut)
		info->state =
			ct_reader_is_growing(reader) ? CT_RECORDING_GROWING : CT_RECORDING_CUT;
}

int ct_recording_info_read(struct ct_recording_info *info, const char *path, struct ct_err *err)
{
	struct ct_reader *reader = NULL;
	struct stat st;
	int ret;

	*info = (struct ct_recording_info){ .state = CT_RECORDING_WHOLE };
	ret = ct_reader_open(&reader, path, err);
	if (ret == -ENODATA || ret == -EINPROGRESS) {
		info->state = ret == -ENODATA ? CT_RECORDING_EMPTY : CT_RECORDING_GROWING;
		info->why = *err;
		ret = 0;
	}
	if (!ret && strcmp(path, "-") != 0 && !stat(path, &st) && S_ISREG(st.st_mode))
		info->size = (uint64_t)st.st_size;
	if (!reader)
		return ret;
	info->header = *ct_reader_header(reader);
	ct_recording_command_cut(info->header.command);
	read_events(info, reader);
	ct_reader_close(reader);
	return 0;
}
