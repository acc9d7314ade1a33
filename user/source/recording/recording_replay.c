// SPDX-License-Identifier: GPL-2.0-only
/* A whole recording, or its header, in one call. */
#include "source/recording/recording.h"

int ct_recording_peek(const char *path, struct ct_recording_header *ret_header, struct ct_err *err)
{
	struct ct_reader *r = NULL;
	int ret = ct_reader_open(&r, path, err);

	if (!r)
		return ret;
	*ret_header = *ct_reader_header(r);
	ct_reader_close(r);
	return 0;
}

int ct_replay(const char *path, struct ct_recording_header *ret_header, ct_replay_fn fn, void *ctx,
	      uint64_t *ret_cut, struct ct_err *err)
{
	struct ct_reader *r = NULL;
	int ret = ct_reader_open(&r, path, err);

	if (!r)
		return ret;
	*ret_header = *ct_reader_header(r);
	ret = ct_reader_run(r, fn, ctx, ret_cut, err);
	ct_reader_close(r);
	return ret;
}
