// SPDX-License-Identifier: GPL-2.0-only
#include "source/sandbox/seccheck_wire.h"

#include "core/hear/wire.h"
#include "util/mem.h"

/* A field of a message goes to a member. Of a nested message the fields are rows too. */
enum kind {
	NUMBER, /* int64_t */
	TEXT, /* struct ct_text */
	CONTEXT, /* nested: ContextData */
	LEAVING /* nested: Exit, which only the message at the return of a call has */
};

struct row {
	uint8_t type; /* 0: any */
	uint8_t field;
	uint8_t kind;
	uint8_t at; /* offset of the member */
};

#define AT(member) offsetof(struct ct_seccheck_msg, member)

static const struct row context_rows[] = {
	{ 0, 1, NUMBER, AT(time_ns) }, { 0, 2, NUMBER, AT(tid) }, { 0, 4, NUMBER, AT(tgid) },
	{ 0, 6, TEXT, AT(container) }, { 0, 8, TEXT, AT(cwd) },
};

static const struct row exit_rows[] = {
	{ 0, 1, NUMBER, AT(result) },
	{ 0, 2, NUMBER, AT(error) },
};

static const struct row rows[] = {
	{ 0, 1, CONTEXT, 0 },
	{ CT_SECCHECK_START, 2, TEXT, AT(container) },
	{ CT_SECCHECK_START, 3, TEXT, AT(cwd) },
	{ CT_SECCHECK_CLONE, 4, NUMBER, AT(new_tgid) },
	{ CT_SECCHECK_EXEC, 2, TEXT, AT(path) },
	{ CT_SECCHECK_TASK_EXIT, 2, NUMBER, AT(status) },
	{ CT_SECCHECK_RAW, 2, LEAVING, 0 },
	{ CT_SECCHECK_RAW, 4, NUMBER, AT(sysno) },
	{ CT_SECCHECK_OPEN, 2, LEAVING, 0 },
	{ CT_SECCHECK_OPEN, 3, NUMBER, AT(sysno) },
	{ CT_SECCHECK_OPEN, 4, NUMBER, AT(dirfd) },
	{ CT_SECCHECK_OPEN, 5, TEXT, AT(dir) },
	{ CT_SECCHECK_OPEN, 6, TEXT, AT(path) },
	{ CT_SECCHECK_OPEN, 7, NUMBER, AT(flags) },
	{ CT_SECCHECK_EXECVE, 2, LEAVING, 0 },
	{ CT_SECCHECK_EXECVE, 3, NUMBER, AT(sysno) },
	{ CT_SECCHECK_EXECVE, 4, NUMBER, AT(dirfd) },
	{ CT_SECCHECK_EXECVE, 5, TEXT, AT(dir) },
	{ CT_SECCHECK_EXECVE, 6, TEXT, AT(path) },
};

#define START_ARGS 4

static void put(struct ct_seccheck_msg *msg, const struct row *row, const struct ct_proto_field *f)
{
	char *at = (char *)msg + row->at;

	if (row->kind == NUMBER && f->type == CT_PROTO_VARINT)
		*(int64_t *)at = (int64_t)f->value;
	else if (row->kind == TEXT && f->type == CT_PROTO_BYTES)
		*(struct ct_text *)at = f->data;
}

static void put_nested(struct ct_seccheck_msg *msg, struct ct_text nested, const struct row *table,
		       size_t count)
{
	struct ct_proto_field f;

	while (ct_proto_next(&nested, &f)) {
		for (size_t i = 0; i < count; i++) {
			if (table[i].field == f.number)
				put(msg, &table[i], &f);
		}
	}
}

static void take(struct ct_seccheck_msg *msg, const struct row *row, const struct ct_proto_field *f)
{
	if (row->kind == CONTEXT && f->type == CT_PROTO_BYTES) {
		put_nested(msg, f->data, context_rows, CT_ARRAY_SIZE(context_rows));
	} else if (row->kind == LEAVING && f->type == CT_PROTO_BYTES) {
		msg->leaving = true;
		put_nested(msg, f->data, exit_rows, CT_ARRAY_SIZE(exit_rows));
	} else {
		put(msg, row, f);
	}
}

static uint16_t u16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

bool ct_seccheck_parse(struct ct_text bytes, struct ct_seccheck_msg *ret)
{
	const unsigned char *h = (const unsigned char *)bytes.p;
	struct ct_proto_field f;
	struct ct_text rest;
	size_t header;

	memset(ret, 0, sizeof(*ret));
	if (bytes.len < CT_SECCHECK_HEADER)
		return false;
	header = u16(h); /* newer headers may be longer */
	if (header < CT_SECCHECK_HEADER || header > bytes.len)
		return false;
	ret->type = u16(h + 2);
	ret->dropped = u16(h + 4) | (uint32_t)u16(h + 6) << 16;
	ret->body = rest = ct_text(bytes.p + header, bytes.len - header);
	while (ct_proto_next(&rest, &f)) {
		for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
			if (rows[i].field == f.number &&
			    (!rows[i].type || rows[i].type == ret->type))
				take(ret, &rows[i], &f);
		}
	}
	return true;
}

size_t ct_seccheck_args(const struct ct_seccheck_msg *msg, char *to, size_t room)
{
	struct ct_text rest = msg->body;
	struct ct_proto_field f;
	size_t len = 0;

	while (msg->type == CT_SECCHECK_START && ct_proto_next(&rest, &f)) {
		if (f.number != START_ARGS || f.type != CT_PROTO_BYTES)
			continue;
		if (f.data.len >= room - len)
			break;
		memcpy(to + len, f.data.p, f.data.len);
		len += f.data.len;
		to[len++] = '\0';
	}
	return len;
}

static void append(char *to, size_t room, size_t *len, struct ct_text text)
{
	size_t n = text.len < room - *len ? text.len : room - *len;

	if (n)
		memcpy(to + *len, text.p, n);
	*len += n;
}

size_t ct_seccheck_path(const struct ct_seccheck_msg *msg, struct ct_text cwd, char *to,
			size_t room)
{
	struct ct_text dir = msg->dirfd == CT_SECCHECK_AT_CWD ? cwd : msg->dir;
	size_t len = 0;

	if (!msg->path.len)
		return 0;
	if (msg->path.p[0] != '/' && ct_text_starts(dir, "/")) {
		append(to, room, &len, dir);
		if (dir.p[dir.len - 1] != '/')
			append(to, room, &len, ct_text("/", 1));
	}
	append(to, room, &len, msg->path);
	return len;
}
