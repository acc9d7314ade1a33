// SPDX-License-Identifier: GPL-2.0-only
#include "source/recording/recording_input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What is read at once: of many recordings no more than the headers is looked at. */
#define READ_MAX (256u << 10)

int ct_input_peek(struct ct_input *in, const char *name, size_t want, size_t *ret_got,
		  struct ct_err *err)
{
	if (in->fd >= 0 && in->end - in->at < want && in->at) {
		memmove(in->room, in->room + in->at, in->end - in->at);
		in->end -= in->at;
		in->at = 0;
	}
	while (in->fd >= 0 && in->end - in->at < want) {
		size_t room = CT_INPUT_ROOM - in->end;
		ssize_t n = read(in->fd, in->room + in->end, room < READ_MAX ? room : READ_MAX);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ct_fail(err, errno, "read '%s': %s", name, strerror(errno));
		if (!n)
			break;
		in->end += (size_t)n;
	}
	*ret_got = in->end - in->at;
	return 0;
}
