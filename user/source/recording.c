// SPDX-License-Identifier: GPL-2.0-only
#include "recording.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "core/core.h"
#include "util/clock.h"
#include "util/mem.h"
#include "version.h"

static void copy(char *to, size_t room, const char *from)
{
	size_t n = strlen(from);

	if (n >= room)
		n = room - 1;
	memcpy(to, from, n);
	to[n] = '\0';
}

void ct_recording_header_fill(struct ct_recording_header *header, bool steps)
{
	struct utsname host;

	memset(header, 0, sizeof(*header));
	memcpy(header->magic, CT_RECORDING_MAGIC, sizeof(header->magic));
	header->byte_order = CT_RECORDING_ORDER;
	header->version = CT_RECORDING_VERSION;
	header->header_len = sizeof(*header);
	header->wall_minus_mono_ns = ct_wall_minus_mono_ns();
	header->begin_ns = ct_mono_ns();
	header->depth = steps;
	if (!uname(&host))
		copy(header->kernel, sizeof(header->kernel), host.release);
	copy(header->program, sizeof(header->program), CT_VERSION);
}

int ct_recorder_open(struct ct_recorder *r, const char *path,
		     const struct ct_recording_header *header, struct ct_err *err)
{
	r->path = path;
	r->out = fopen(path, "we");
	if (!r->out)
		return ct_fail(err, errno, "open recording '%s': %s", path, strerror(errno));
	setvbuf(r->out, NULL, _IOFBF, 256 << 10);
	if (fwrite(header, sizeof(*header), 1, r->out) != 1)
		return ct_fail(err, EIO, "write recording '%s': %s", path, strerror(errno));
	return 0;
}

int ct_recorder_write(struct ct_recorder *r, const struct ct_event *e, struct ct_err *err)
{
	if (fwrite(e, e->len, 1, r->out) != 1)
		return ct_fail(err, errno ? errno : EIO, "write recording '%s': %s", r->path,
			       strerror(errno));
	return 0;
}

int ct_recorder_close(struct ct_recorder *r, struct ct_err *err)
{
	FILE *out = take_ptr(r->out);

	if (out && fclose(out))
		return ct_fail(err, errno, "write recording '%s': %s", r->path, strerror(errno));
	return 0;
}

static int check_header(const char *name, const struct ct_recording_header *h, size_t len,
			struct ct_err *err)
{
	if (len < sizeof(*h) || memcmp(h->magic, CT_RECORDING_MAGIC, sizeof(h->magic)))
		return ct_fail(err, EINVAL, "read '%s': not a coldtrace recording", name);
	if (h->byte_order != CT_RECORDING_ORDER)
		return ct_fail(err, EINVAL,
			       "read '%s': recorded on a machine of the other byte order", name);
	if (h->version != CT_RECORDING_VERSION)
		return ct_fail(err, EINVAL, "read '%s': format version %u, this coldtrace reads %u",
			       name, h->version, CT_RECORDING_VERSION);
	if (h->header_len < sizeof(*h) || h->header_len % CT_EVENT_ALIGN)
		return ct_fail(err, EINVAL, "read '%s': header length %u is impossible", name,
			       h->header_len);
	return 0;
}

int ct_recording_peek(const char *path, struct ct_recording_header *ret_header, struct ct_err *err)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct ct_recording_header header = { 0 };
	ssize_t n;
	int ret;

	if (fd < 0)
		return ct_fail(err, errno, "open recording '%s': %s", path, strerror(errno));
	n = read(fd, &header, sizeof(header));
	if (n < 0)
		return ct_fail(err, errno, "read '%s': %s", path, strerror(errno));
	ret = check_header(path, &header, (size_t)n, err);
	if (ret)
		return ret;
	header.kernel[sizeof(header.kernel) - 1] = '\0';
	header.program[sizeof(header.program) - 1] = '\0';
	*ret_header = header;
	return 0;
}

int ct_replay_bytes(const char *name, const void *bytes, size_t len,
		    struct ct_recording_header *ret_header, ct_replay_fn fn, void *ctx,
		    uint64_t *ret_cut, struct ct_err *err)
{
	struct ct_recording_header header;
	const char *at = bytes;
	size_t offset;
	int ret;

	memset(&header, 0, sizeof(header));
	memcpy(&header, bytes, len < sizeof(header) ? len : sizeof(header));
	ret = check_header(name, &header, len, err);
	if (ret)
		return ret;
	header.kernel[sizeof(header.kernel) - 1] = '\0';
	header.program[sizeof(header.program) - 1] = '\0';
	*ret_header = header;
	*ret_cut = 0;
	for (offset = header.header_len; offset < len;) {
		const struct ct_event *e = (const struct ct_event *)(at + offset);
		size_t left = len - offset;

		if (left < sizeof(*e) || (e->len <= CT_EVENT_LEN_MAX && e->len > left)) {
			*ret_cut = left;
			return 0;
		}
		ret = ct_event_check(e, left, err);
		if (ret)
			return ct_wrap(err, "read '%s': offset %zu", name, offset);
		fn(ctx, e);
		offset += e->len;
	}
	return 0;
}

int ct_replay(const char *path, struct ct_recording_header *ret_header, ct_replay_fn fn, void *ctx,
	      uint64_t *ret_cut, struct ct_err *err)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *bytes;
	int ret;

	if (fd < 0)
		return ct_fail(err, errno, "open recording '%s': %s", path, strerror(errno));
	if (fstat(fd, &st))
		return ct_fail(err, errno, "read '%s': %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || !st.st_size)
		return ct_fail(err, EINVAL, "read '%s': not a coldtrace recording", path);
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return ct_fail(err, errno, "read '%s': %s", path, strerror(errno));
	ret = ct_replay_bytes(path, bytes, (size_t)st.st_size, ret_header, fn, ctx, ret_cut, err);
	munmap(bytes, (size_t)st.st_size);
	return ret;
}
