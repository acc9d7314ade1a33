// SPDX-License-Identifier: GPL-2.0-only
#include "source/engines/identity.h"

#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "core/record.h"
#include "util/mem.h"

#define ARGS_MAX 1024

bool ct_id_valid(const char *id, size_t len)
{
	return len == CT_ID_LEN && strspn(id, "0123456789abcdef") == CT_ID_LEN;
}

enum part {
	CONFIG,
	HOST,
	PARTS
};

enum how {
	STRING,
	NAME, /* a string, without the slash that Docker keeps before it */
	NUMBER,
	FLAG,
	LABEL /* a string among the labels of the object */
};

/* Columns: key of the tail, file, object inside it (NULL: the file itself), member, how, most. */
static const struct {
	const char *key;
	enum part part;
	const char *object;
	const char *member;
	enum how how;
	size_t max;
} fields[] = {
	{ "name", CONFIG, NULL, "Name", NAME, 127 },
	{ "image", CONFIG, "Config", "Image", STRING, 255 },
	{ "pid", CONFIG, "State", "Pid", NUMBER, 0 },
	{ "running", CONFIG, "State", "Running", FLAG, 0 },
	{ "exitcode", CONFIG, "State", "ExitCode", NUMBER, 0 },
	{ "runtime", HOST, NULL, "Runtime", STRING, 63 },
	{ "autoremove", HOST, NULL, "AutoRemove", FLAG, 0 },
	{ "restart", HOST, "RestartPolicy", "Name", STRING, 31 },
	{ "network", HOST, NULL, "NetworkMode", STRING, 127 },
	{ "project", CONFIG, "Config", CT_COMPOSE_PROJECT, LABEL, 127 },
	{ "service", CONFIG, "Config", CT_COMPOSE_SERVICE, LABEL, 63 },
};

static void add_field(struct ct_tail *tail, size_t i, json_t *file)
{
	json_t *object = fields[i].object ? json_object_get(file, fields[i].object) : file;
	json_t *within = fields[i].how == LABEL ? json_object_get(object, "Labels") : object;
	json_t *value = json_object_get(within, fields[i].member);
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	switch (fields[i].how) {
	case NAME:
		if (len && *text == '/') {
			text++;
			len--;
		}
		/* fall through */
	case STRING:
	case LABEL:
		if (text)
			ct_tail_add(tail, fields[i].key, text, len, fields[i].max);
		break;
	case NUMBER:
		/* State.Pid is 0 when nothing runs: not a pid, but what the file says. */
		if (json_is_integer(value))
			ct_tail_add_number(tail, fields[i].key, json_integer_value(value));
		break;
	case FLAG:
		if (json_is_boolean(value))
			ct_tail_add_number(tail, fields[i].key, json_is_true(value));
		break;
	}
}

static void append(char *args, size_t *len, json_t *value)
{
	const char *text = json_string_value(value);
	size_t n = text ? strnlen(text, json_string_length(value)) : 0;

	if (!n || *len > ARGS_MAX)
		return;
	if (*len)
		args[(*len)++] = ' ';
	if (n > ARGS_MAX + 1 - *len)
		n = ARGS_MAX + 1 - *len; /* one too many, so that it is seen as cut */
	memcpy(args + *len, text, n);
	*len += n;
}

static void add_args(struct ct_tail *tail, json_t *config)
{
	char args[ARGS_MAX + 2];
	size_t len = 0, i;
	json_t *arg;

	append(args, &len, json_object_get(config, "Path"));
	json_array_foreach(json_object_get(config, "Args"), i, arg) append(args, &len, arg);
	ct_tail_add(tail, "args", args, len, ARGS_MAX);
}

static json_t *parse(const char *text, size_t len, const char *name, struct ct_err *err)
{
	json_error_t why;
	json_t *json = json_loadb(text, len, JSON_ALLOW_NUL, &why);

	if (!json)
		ct_fail(err, -EBADMSG, "read '%s': line %d: %s", name, why.line, why.text);
	return json;
}

int ct_identity_parse(struct ct_tail *tail, const char *id, const char *config, size_t config_len,
		      const char *host, size_t host_len, char *ret_driver, size_t driver_room,
		      struct ct_err *err)
{
	json_t *files[PARTS] = { NULL };
	struct ct_err ignored;
	const char *driver;

	files[CONFIG] = parse(config, config_len, "config.v2.json", err);
	if (!files[CONFIG])
		return err->code;
	if (host)
		files[HOST] = parse(host, host_len, "hostconfig.json", &ignored);

	memset(tail, 0, sizeof(*tail));
	ct_tail_add_str(tail, "id", id, CT_ID_LEN);
	ct_tail_add_str(tail, "engine", "docker", 31);
	for (size_t i = 0; i < CT_ARRAY_SIZE(fields); i++)
		add_field(tail, i, files[fields[i].part]);
	add_args(tail, files[CONFIG]);

	driver = json_string_value(json_object_get(files[CONFIG], "Driver"));
	ret_driver[0] = '\0';
	if (driver && strlen(driver) < driver_room &&
	    !driver[strspn(driver, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		memcpy(ret_driver, driver, strlen(driver) + 1);
	for (size_t i = 0; i < PARTS; i++)
		json_decref(files[i]);
	return 0;
}
