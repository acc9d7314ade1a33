// SPDX-License-Identifier: GPL-2.0-only
/* The header of a recording: what is known about the host when it begins. */
#include "source/recording/recording.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/mem.h"
#include "util/url.h"
#include "version.h"

static void copy(char *to, size_t room, const char *from)
{
	size_t n = strlen(from);

	if (n >= room)
		n = room - 1;
	memcpy(to, from, n);
	to[n] = '\0';
}

static size_t slurp(const char *path, char *to, size_t room)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, to, room - 1);

	to[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* FNV-1a of an id that is nobody else's business; 0 when there is none. */
static __u64 hash_of(const char *path)
{
	__u64 h = 0xcbf29ce484222325ull;
	char text[128];
	size_t n = slurp(path, text, sizeof(text));

	while (n && text[n - 1] == '\n')
		n--;
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3ull;
	return n ? h : 0;
}

#define SEPARATOR " -- "

/* What a collector's address has of a password, and a key. */
static void hide(char *command, bool cut)
{
	size_t len = strlen(command);

	ct_url_hide_words(command, cut);
	memset(command + strlen(command), 0, len - strlen(command));
}

void ct_recording_command_cut(char *command)
{
	char *program = strstr(command, SEPARATOR), *end;

	end = program ? strchr(program + strlen(SEPARATOR), ' ') : NULL;
	if (end)
		memset(end, 0, strlen(end));
	hide(command, !end && strlen(command) + 1 == CT_COMMAND_LEN);
}

/* Up to the name of the program behind "--", as ct_options_parse() finds it; of collectors no password. */
static void command_line(char *to, size_t room)
{
	size_t n = slurp("/proc/self/cmdline", to, room), words_left = SIZE_MAX;

	for (size_t at = 0; at < n; at += strlen(to + at) + 1) {
		if (at && words_left == SIZE_MAX && !strcmp(to + at, "--"))
			words_left = 2;
		if (!words_left) { /* nor behind the end of the text */
			memset(to + at - 1, 0, room - at);
			break;
		}
		if (at)
			to[at - 1] = ' ';
		words_left -= words_left != SIZE_MAX;
	}
	hide(to, strlen(to) + 1 == room);
}

const char *ct_depth_name(unsigned int depth)
{
	static const char *const names[] = {
		[0] = "phases",
		[CT_DEEP_STEPS] = "steps",
		[CT_DEEP_WHY] = "phases and waits",
		[CT_DEEP_STEPS | CT_DEEP_WHY] = "steps and waits",
	};

	return names[depth & (CT_DEEP_STEPS | CT_DEEP_WHY)];
}

void ct_recording_header_fill(struct ct_recording_header *header, unsigned int depth)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const char *node = getenv("K8S_NODE_NAME"); /* in a pod the host's name is the pod's */
	struct utsname host;

	memset(header, 0, sizeof(*header));
	memcpy(header->magic, CT_RECORDING_MAGIC, sizeof(header->magic));
	header->byte_order = CT_RECORDING_ORDER;
	header->version = CT_RECORDING_VERSION;
	header->minor = CT_RECORDING_MINOR;
	header->header_len = sizeof(*header);
	header->wall_minus_mono_ns = ct_wall_minus_mono_ns(&header->clock_error_ns);
	header->begin_ns = ct_mono_ns();
	header->depth = depth;
	header->cpus = cpus > 0 ? (__u32)cpus : 0;
	header->pid = (__u32)getpid();
	header->node = hash_of("/etc/machine-id");
	header->boot = hash_of("/proc/sys/kernel/random/boot_id");
	if (!uname(&host)) {
		copy(header->kernel, sizeof(header->kernel), host.release);
		copy(header->host, sizeof(header->host), node && *node ? node : host.nodename);
		copy(header->machine, sizeof(header->machine), host.machine);
	}
	copy(header->program, sizeof(header->program), CT_VERSION);
	command_line(header->command, sizeof(header->command));
}

void ct_recording_header_seal(struct ct_recording_header *header)
{
	header->crc32 = libdeflate_crc32(0, header, offsetof(struct ct_recording_header, crc32));
}
