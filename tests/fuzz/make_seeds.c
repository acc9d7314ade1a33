// SPDX-License-Identifier: GPL-2.0-only
/* make_seeds DIRECTORY: writes the seeds of every target into DIRECTORY/TARGET. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "go_program.h"
#include "life.h"
#include "sandbox_messages.h"
#include "source/recording/recording.h"

static const char *directory;

static void put(const char *target, const char *name, const void *head, size_t head_len,
		const void *bytes, size_t len)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s", directory, target, name);
	f = fopen(path, "we");
	if (!f || (head_len && fwrite(head, head_len, 1, f) != 1) ||
	    (len && fwrite(bytes, len, 1, f) != 1) || fclose(f)) {
		perror(path);
		exit(1);
	}
}

/* As a recording of today. */
static void put_blocks(const char *name, const struct ct_recording_header *header,
		       const struct tape *t)
{
	struct ct_recorder r;
	struct ct_err err = { 0 };
	char path[512];
	int ret;

	snprintf(path, sizeof(path), "%s/replay/%s-blocks", directory, name);
	ret = ct_recorder_open(&r, path, header, &err);
	for (size_t i = 0; i < t->count && !ret; i++)
		ret = ct_recorder_write(&r, tape_event(t, i), &err);
	if (!ret)
		ret = ct_recorder_close(&r, &err);
	if (ret) {
		fprintf(stderr, "%s\n", err.msg);
		exit(1);
	}
}

static void put_tape(const char *name, struct tape *t)
{
	struct ct_recording_header header;

	ct_recording_header_fill(&header, true);
	put_blocks(name, &header, t);
	header.version = CT_RECORDING_V1;
	header.header_len = CT_RECORDING_V1_LEN;
	put("replay", name, &header, CT_RECORDING_V1_LEN, t->bytes, t->len);
	/* What was sent on it, one by one. */
	for (size_t i = 0; i < t->count; i++) {
		const struct ct_event *e = tape_event(t, i);
		/* As fuzz_distill has them: a length, which kind, flags, role, sockets. */
		char head[6] = { (char)((e->tail_len + 4) >> 8),
				 (char)(e->tail_len + 4),
				 e->kind == CT_KIND_SEND ? 0 : 3,
				 (char)e->flags,
				 (char)e->sub,
				 4 };
		char message[64];

		if (e->kind == CT_KIND_SEND || e->kind == CT_KIND_EXEC) {
			snprintf(message, sizeof(message), "%s-%zu", name, i);
			put("distill", message, head, sizeof(head), e->tail, e->tail_len);
		}
		if (e->kind != CT_KIND_SEND)
			continue;
		snprintf(message, sizeof(message), "%s-%zu", name, i);
		put("wire", message, NULL, 0, e->tail, e->tail_len);
		put("text", message, NULL, 0, e->tail, e->tail_len);
	}
	tape_free(t);
}

static void lives(void)
{
	struct tape t = { 0 };
	struct life a = life_of(0), b = life_of(1);

	life_engines(&t);
	life_create(&t, &a, 10);
	life_attach(&t, &a, 22);
	life_start(&t, &a, 25);
	tape_at(&t, 200);
	tape_output(&t, a.init, a.shim);
	life_request(&t, &a, 1000, "stop");
	life_exit(&t, &a, 1010, 9);
	life_answer(&t, &a, 1080, 204, NULL);
	life_remove(&t, &a, 1090);
	tape_at(&t, 2000);
	tape_clock(&t);
	put_tape("life", &t);

	a = life_of(0);
	b.name = a.name;
	life_engines(&t);
	life_create(&t, &a, 10);
	life_start(&t, &a, 25);
	life_exit(&t, &a, 500, 0);
	life_create(&t, &b, 600);
	life_start(&t, &b, 620);
	tape_at(&t, 900);
	tape_listen(&t, b.init, 80);
	put_tape("restart", &t);

	a = life_of(0);
	life_create(&t, &a, 10);
	life_request(&t, &a, 30, "start");
	tape_at(&t, 40);
	tape_ttrpc_request(&t, LIFE_CONTAINERD, a.shim_socket, 3, "Create", a.id, "/bundle");
	tape_ttrpc_error(&t, a.shim, a.shim_socket, 3, "OCI runtime create failed");
	life_answer(&t, &a, 50, 500, "{\"message\":\"no\"}");
	put_tape("failed", &t);
}

static void every_kind(void)
{
	struct tape t = { 0 };

	tape_options(&t, 1);
	tape_process(&t, 5, 1, CT_ROLE_SHIM, "containerd-shim-runc-v2", "-id", "abcd", TAPE_END);
	tape_exec(&t, 6, CT_ROLE_RUNTIME, 1, "runc", "create", "abcd", TAPE_END);
	tape_fork(&t, 6, 7, CT_ROLE_RUNTIME);
	tape_netlink(&t, 7, 2, 1);
	tape_cgroup(&t, 6, "/docker/abcd");
	tape_call(&t, 6, CT_CALL_MOUNT, 1, "/proc/7/ns/net", "/run/netns/x", "", TAPE_END);
	tape_call(&t, 6, CT_CALL_FSYNC, 1, TAPE_END);
	tape_sync(&t, 6, "abcd", "config.v2.json");
	tape_unlink(&t, 6, "abcd", "config.v2.json");
	tape_relay(&t, 5, "abcd", "init-stdout");
	tape_listen(&t, 7, 80);
	tape_accept(&t, 7, 80);
	tape_open(&t, 7, "/run/ready");
	tape_lost(&t, CT_LOSS_RING, 1);
	tape_identity(&t, 6, "id", "abcd", "name", "web", "pid", "7", TAPE_END);
	tape_exit(&t, 7, CT_ROLE_INIT, 0);
	tape_clock(&t);
	put_tape("kinds", &t);
}

static void opened_files(void)
{
	struct tape t = { 0 };
	struct life a = life_of(0);

	life_engines(&t);
	life_create(&t, &a, 10);
	life_start(&t, &a, 25);
	tape_at(&t, 200);
	tape_opens(&t, a.init, CT_VIEW_NATIVE, 1009, 188, 180, 199);
	tape_opens_path(&t, a.init, "/app/node_modules/express/index.js", "/", TAPE_OVERLAY, 7, 2);
	tape_opens_path(&t, a.init, "lib/x.so.1", "/data", 0, 1, 1);
	tape_opened(&t, a.init, CT_VIEW_APPLICATION, "/etc/passwd", 5000, 3);
	tape_opened(&t, a.init, CT_VIEW_HOST, "passwd", 5000, -2);
	tape_output(&t, a.init, a.shim);
	life_exit(&t, &a, 500, 0);
	tape_at(&t, 2000);
	tape_clock(&t);
	put_tape("opens", &t);
}

static void command_lines(void)
{
#define LINE(name, words) put("options", name, NULL, 0, words, sizeof(words) - 1)
	LINE("trace", "trace\0-sn\0"
		      "5\0-o\0json:x\0--ready\0path:*/x\0--\0true");
	LINE("record", "record\0-o\0x.ct\0--ring\0"
		       "8M\0--live\0--duration=1.5");
	LINE("report", "report\0a.ct\0--by\0image\0--cdf\0--timeline\0web\0b.ct");
	LINE("opens", "opens\0-i\0"
		      "1\0-n\0"
		      "3\0--by\0mount\0--group\0a=*/b\0--top\0"
		      "5");
	LINE("diff", "diff\0a\0b\0--fail-if-slower\0"
		     "5%\0--json\0--image=b*");
	LINE("export", "export\0a\0--format\0csv,json:-\0-d\0out");
#undef LINE
}

/* Messages one after the other, as fuzz_seccheck takes them. */
static char stream[1 << 16] = "m";
static size_t stream_len = 1;

static void say(const struct message *m)
{
	stream[stream_len] = (char)(m->len & 0xff);
	stream[stream_len + 1] = (char)(m->len >> 8);
	memcpy(stream + stream_len + 2, m->bytes, m->len);
	stream_len += m->len + 2;
}

static void sandboxes(void)
{
	static const char *const args[] = { "sh", "-c", "exit", NULL };
	static const char held[] = "r{\"success\":false,\"err\":\"session already exists\"}";
	static const char list[] = "r{\"success\":true,\"result\":[{\"sinks\":[{\"status\":"
				   "{\"DroppedCount\":1}}]}]}";
	static const struct go_function functions[] = {
		{ "gvisor.dev/gvisor/pkg/sentry/syscalls/linux.openat",
		  "\x55\xe8\x05\0\0\0\x48\x85\xdb\x74\x05", 11, 1 },
		{ "gvisor.dev/gvisor/pkg/sentry/vfs.(*VirtualFilesystem).OpenAt", "\x55\x90", 2,
		  1 },
	};
	struct go_program program;
	struct message m;

	message_start(&m, 10, 1, "abc", args);
	say(&m);
	message_raw(&m, 20, 1, 1, 158);
	say(&m);
	message_open_at(&m, 30, 1, "a", 5, "/dir", "/");
	say(&m);
	message_open_at(&m, 40, 1, "a", 5, "/dir", "/");
	message_returned(&m, 3, 0);
	message_container(&m, "def");
	say(&m);
	message_clone(&m, 45, 1, 2, 1);
	say(&m);
	message_execve(&m, 50, 2, "/bin/ls");
	say(&m);
	message_executed(&m, 60, 2, "/bin/ls");
	say(&m);
	message_task_exit(&m, 70, 1, 1, 256);
	say(&m);
	put("seccheck", "life", NULL, 0, stream, stream_len);
	put("seccheck", "held", NULL, 0, held, sizeof(held) - 1);
	put("seccheck", "list", NULL, 0, list, sizeof(list) - 1);
	go_program(&program, 0xfffffff1u, GO_TEXT, functions, 2);
	put("seccheck", "program", NULL, 0, program.bytes, program.len);
}

/* Programs over events of fuzz_events: any bytes are one, and these are other bytes each. */
static void programs(void)
{
	unsigned char program[600];
	uint64_t x = 88172645463325252ull;
	char name[32];

	for (unsigned i = 0; i < 64; i++) {
		for (size_t k = 0; k < sizeof(program); k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			program[k] = (unsigned char)(x >> 24);
		}
		snprintf(name, sizeof(name), "program-%u", i);
		put("events", name, NULL, 0, program, sizeof(program));
	}
}

/*
 * Of each recording a piece, then what was executed in it once more, about another, with two words less, with
 * room for one container: whoever is spoken of has to give way to who is made. Bytes of fuzz_events: its
 * options, where it begins, then numbers of its `ops`.
 */
static void forgeries(void)
{
	const unsigned char play[] = { 0, 255 }, forge[] = { 22, 0, 7, 0, 0 };
	unsigned char program[6 + 4 * (sizeof(play) + 16 * sizeof(forge))];
	char name[32];

	for (unsigned i = 0; i < 48; i++) {
		size_t len = 6;

		memset(program, 0, len);
		program[1] = 1; /* steps */
		program[4] = (unsigned char)i; /* which recording */
		for (unsigned k = 0; k < 4; k++) {
			memcpy(program + len, play, sizeof(play));
			len += sizeof(play);
			for (unsigned past = 0; past < 16; past++) {
				memcpy(program + len, forge, sizeof(forge));
				program[len + 1] = (unsigned char)past;
				len += sizeof(forge);
			}
		}
		snprintf(name, sizeof(name), "forgery-%u", i);
		put("events", name, NULL, 0, program, len);
	}
}

int main(int argc, char **argv)
{
	static const char config[] =
		"{\"Name\":\"/web\",\"Path\":\"serve\",\"Args\":[\"-x\"],\"Driver\":\"overlay2\","
		"\"Config\":{\"Image\":\"busybox:1\"},\"State\":{\"Pid\":7,\"Running\":true}}";
	static const char host[] = "{\"Runtime\":\"runc\",\"AutoRemove\":true,"
				   "\"RestartPolicy\":{\"Name\":\"always\"}}";

	if (argc != 2)
		return 2;
	directory = argv[1];
	lives();
	every_kind();
	opened_files();
	command_lines();
	put("text", "mount", NULL, 0, "/proc/7/ns/net\0/run/netns/x", 28);
	put("text", "config", NULL, 0, "/var/lib/docker/containers/ab/config.v2.json", 44);
	sandboxes();
	programs();
	forgeries();
	put("identity", "both", config, sizeof(config), host, sizeof(host) - 1);
	put("identity", "config", NULL, 0, config, sizeof(config) - 1);
	return 0;
}
