// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox_messages.h"

#include <stdlib.h>
#include <string.h>

#include "source/sandbox/seccheck_wire.h"

static void put(struct message *m, const void *bytes, size_t len)
{
	if (len > sizeof(m->bytes) - m->len)
		abort();
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

static void varint(struct message *m, uint64_t v)
{
	do {
		char byte = (char)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));

		put(m, &byte, 1);
		v >>= 7;
	} while (v);
}

static void number(struct message *m, unsigned int field, int64_t v)
{
	varint(m, field << 3);
	varint(m, (uint64_t)v);
}

static void bytes(struct message *m, unsigned int field, const void *data, size_t len)
{
	varint(m, field << 3 | 2);
	varint(m, len);
	put(m, data, len);
}

static void text(struct message *m, unsigned int field, const char *s)
{
	if (*s)
		bytes(m, field, s, strlen(s));
}

static void begin(struct message *m, enum ct_seccheck_type type)
{
	const char header[CT_SECCHECK_HEADER] = { CT_SECCHECK_HEADER, 0, (char)type };

	m->len = 0;
	put(m, header, sizeof(header));
}

static void context(struct message *m, int64_t time_ns, int64_t tid, int64_t tgid, const char *cwd)
{
	static struct message inner;

	inner.len = 0;
	number(&inner, 1, time_ns);
	number(&inner, 2, tid);
	number(&inner, 4, tgid);
	text(&inner, 8, cwd);
	bytes(m, 1, inner.bytes, inner.len);
}

void message_open_at(struct message *m, int64_t time_ns, int64_t tid, const char *path,
		     int64_t dirfd, const char *dir, const char *cwd)
{
	begin(m, CT_SECCHECK_OPEN);
	context(m, time_ns, tid, tid, cwd);
	number(m, 3, 257);
	number(m, 4, dirfd);
	text(m, 5, dir);
	text(m, 6, path);
	number(m, 7, 02000000);
}

void message_open(struct message *m, int64_t time_ns, int64_t tid, const char *path)
{
	message_open_at(m, time_ns, tid, path, -100, "", "/");
}

void message_returned(struct message *m, int64_t result, int64_t error)
{
	static struct message inner;

	inner.len = 0;
	number(&inner, 1, result);
	if (error)
		number(&inner, 2, error);
	bytes(m, 2, inner.bytes, inner.len);
}

void message_container(struct message *m, const char *id)
{
	static struct message inner;

	inner.len = 0;
	text(&inner, 6, id);
	bytes(m, 1, inner.bytes, inner.len);
}

void message_start(struct message *m, int64_t time_ns, int64_t tgid, const char *id,
		   const char *const *args)
{
	begin(m, CT_SECCHECK_START);
	context(m, time_ns, tgid, tgid, "");
	text(m, 2, id);
	text(m, 3, "/work");
	for (; *args; args++)
		text(m, 4, *args);
}

void message_raw(struct message *m, int64_t time_ns, int64_t tid, int64_t tgid, uint64_t sysno)
{
	begin(m, CT_SECCHECK_RAW);
	context(m, time_ns, tid, tgid, "");
	number(m, 4, (int64_t)sysno);
}

void message_clone(struct message *m, int64_t time_ns, int64_t tgid, int64_t new_tid,
		   int64_t new_tgid)
{
	begin(m, CT_SECCHECK_CLONE);
	context(m, time_ns, tgid, tgid, "");
	number(m, 3, new_tid);
	number(m, 4, new_tgid);
}

void message_task_exit(struct message *m, int64_t time_ns, int64_t tid, int64_t tgid,
		       int64_t status)
{
	begin(m, CT_SECCHECK_TASK_EXIT);
	context(m, time_ns, tid, tgid, "");
	number(m, 2, status);
}

void message_execve(struct message *m, int64_t time_ns, int64_t tid, const char *path)
{
	begin(m, CT_SECCHECK_EXECVE);
	context(m, time_ns, tid, tid, "/");
	number(m, 3, 59);
	number(m, 4, -100);
	text(m, 6, path);
}

void message_executed(struct message *m, int64_t time_ns, int64_t tid, const char *path)
{
	begin(m, CT_SECCHECK_EXEC);
	context(m, time_ns, tid, tid, "");
	text(m, 2, path);
}
