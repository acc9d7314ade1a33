// SPDX-License-Identifier: GPL-2.0-only
#include "source/sandbox/seccheck_rpc.h"

#include <jansson.h>
#include <string.h>

#include "util/mem.h"

const char ct_seccheck_delete[] =
	"{\"method\":\"containerManager.DeleteTraceSession\",\"arg\":\"" CT_SECCHECK_SESSION "\"}";
const char ct_seccheck_list[] = "{\"method\":\"containerManager.ListTraceSessions\",\"arg\":{}}";

#define WHO   "time", "thread_id", "group_id", "container_id"
#define ENTRY "time", "thread_id"

/*
 * Columns: point, optional field, context fields, whether only for opens.
 *
 * What is asked for at the entry of an open is written between the two times of it and is part of
 * what it seems to take: as little as possible. Raw system calls are those that programs begin
 * with: arch_prctl and set_tid_address, once a program, by their numbers on x86_64 and arm64.
 */
static const struct point {
	const char *name;
	const char *optional[2];
	const char *context[6];
	bool opens;
} points[] = {
	{ "container/start", { NULL }, { WHO }, false },
	{ "sentry/clone", { NULL }, { "group_id" }, false },
	{ "sentry/task_exit", { NULL }, { WHO }, false },
#ifdef __x86_64__
	{ "syscall/sysno/158/enter", { NULL }, { WHO }, false },
	{ "syscall/sysno/218/enter", { NULL }, { WHO }, false },
#else
	{ "syscall/sysno/96/enter", { NULL }, { WHO }, false },
#endif
	{ "syscall/open/enter", { NULL }, { ENTRY }, true },
	{ "syscall/open/exit", { NULL }, { WHO, "cwd" }, true },
	{ "syscall/openat/enter", { NULL }, { ENTRY }, true },
	{ "syscall/openat/exit", { "fd_path" }, { WHO, "cwd" }, true },
	{ "syscall/creat/enter", { NULL }, { ENTRY }, true },
	{ "syscall/creat/exit", { NULL }, { WHO, "cwd" }, true },
	{ "syscall/execve/enter", { NULL }, { ENTRY }, true },
	{ "syscall/execve/exit", { NULL }, { WHO, "cwd" }, true },
	{ "syscall/execveat/enter", { NULL }, { ENTRY }, true },
	{ "syscall/execveat/exit", { "fd_path" }, { WHO, "cwd" }, true },
	{ "sentry/execve", { NULL }, { WHO }, true },
};

static json_t *strings(const char *const *list, size_t max)
{
	json_t *array = json_array();

	for (size_t i = 0; i < max && list[i]; i++)
		json_array_append_new(array, json_string(list[i]));
	return array;
}

static json_t *point_json(const struct point *point)
{
	return json_pack("{s:s, s:o, s:o}", "name", point->name, "optional_fields",
			 strings(point->optional, CT_ARRAY_SIZE(point->optional)), "context_fields",
			 strings(point->context, CT_ARRAY_SIZE(point->context)));
}

char *ct_seccheck_create(bool opens)
{
	json_t *list = json_array(), *request;
	char *text;

	for (size_t i = 0; i < CT_ARRAY_SIZE(points); i++) {
		if (opens || !points[i].opens)
			json_array_append_new(list, point_json(&points[i]));
	}
	/* No retries: they would let the application wait for us. */
	request = json_pack("{s:s, s:{s:{s:s, s:b, s:o, s:[{s:s, s:{s:i}}]}, s:b}}", "method",
			    "containerManager.CreateTraceSession", "arg", "Config", "name",
			    CT_SECCHECK_SESSION, "ignore_missing", 1, "points", list, "sinks",
			    "name", "remote", "config", "retries", 0, "Force", 0);
	text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	json_decref(request);
	return text;
}

static json_t *whole(struct ct_text json)
{
	json_error_t error;
	json_t *answer = json_loadb(json.p, json.len, JSON_DISABLE_EOF_CHECK, &error);

	if (answer && !json_is_object(answer)) {
		json_decref(answer);
		return NULL;
	}
	return answer;
}

enum ct_seccheck_reply ct_seccheck_answer(struct ct_text json, char *why, size_t room)
{
	json_t *answer = whole(json);
	enum ct_seccheck_reply reply = CT_SECCHECK_REFUSED;
	const char *said;

	if (room)
		why[0] = '\0';
	if (!answer)
		return CT_SECCHECK_PARTIAL;
	said = json_string_value(json_object_get(answer, "err"));
	if (json_is_true(json_object_get(answer, "success")))
		reply = CT_SECCHECK_DONE;
	else if (said && strstr(said, "already exists"))
		reply = CT_SECCHECK_HELD;
	if (reply != CT_SECCHECK_DONE && room)
		ct_text_copy(why, room, ct_text(said ? said : "", said ? strlen(said) : 0));
	json_decref(answer);
	return reply;
}

bool ct_seccheck_dropped(struct ct_text json, uint64_t *ret)
{
	json_t *answer = whole(json), *session, *sink, *count;
	bool found = false;
	size_t i, k;

	*ret = 0;
	if (!answer)
		return false;
	json_array_foreach(json_object_get(answer, "result"), i, session)
	{
		json_array_foreach(json_object_get(session, "sinks"), k, sink)
		{
			count = json_object_get(json_object_get(sink, "status"), "DroppedCount");
			if (!json_is_integer(count) || json_integer_value(count) < 0)
				continue;
			*ret += (uint64_t)json_integer_value(count);
			found = true;
		}
	}
	json_decref(answer);
	return found;
}
