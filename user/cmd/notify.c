// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "util/clock.h"
#include "util/mem.h"

#define FDS_BEGIN 3 /* sd_listen_fds(3) */
/* Of what is kept: a name of two parts, so that other descriptors of the unit are nobody's business. */
#define NAME "coldtrace-"

static const char *const words[CT_KEPT_KINDS] = {
#define X(symbol, word) [CT_KEPT_##symbol] = NAME word,
	CT_KEPT_KINDS_X(X)
#undef X
};

/* 0: there is nobody. */
static socklen_t manager(struct sockaddr_un *addr)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len;

	if (!path || (*path != '/' && *path != '@'))
		return 0;
	len = strlen(path);
	if (len >= sizeof(addr->sun_path)) {
		ct_say("tell the service manager: NOTIFY_SOCKET is too long");
		return 0;
	}
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(addr->sun_path, path, len);
	if (*path == '@') /* an abstract name begins with NUL */
		addr->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

/* With count descriptors. */
static void tell(const char *text, const int *fds, size_t count)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(CT_KEPT_MAX * sizeof(int))];
	} control = { 0 };
	struct sockaddr_un addr;
	struct iovec part = { .iov_base = (void *)text, .iov_len = strlen(text) };
	struct msghdr msg = {
		.msg_name = &addr,
		.msg_namelen = manager(&addr),
		.msg_iov = &part,
		.msg_iovlen = 1,
	};
	own_fd int fd = -1;

	if (!msg.msg_namelen)
		return;
	if (count) {
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, count * sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendmsg(fd, &msg, MSG_NOSIGNAL) < 0)
		ct_say("tell the service manager at '%s': %s", getenv("NOTIFY_SOCKET"),
		       strerror(errno));
}

void ct_notify_ready(void)
{
	tell("READY=1", NULL, 0);
}

static void keep(const struct ct_kept *kept)
{
	char text[96];

	for (enum ct_kept_kind kind = 0; kind < CT_KEPT_KINDS; kind++) {
		int fds[CT_KEPT_MAX];
		size_t count = 0;

		for (size_t i = 0; i < kept->count; i++)
			if (kept->fds[i].kind == kind)
				fds[count++] = kept->fds[i].fd;
		/* They are no sockets: that one can be read says nothing about them. */
		snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s\nFDPOLL=0", words[kind]);
		if (count)
			tell(text, fds, count);
	}
}

static void forget(void)
{
	char text[96];

	for (enum ct_kept_kind kind = 0; kind < CT_KEPT_KINDS; kind++) {
		snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", words[kind]);
		tell(text, NULL, 0);
	}
}

void ct_notify_hand_on(struct ct_live *live, bool *done)
{
	struct ct_kept kept;
	uint64_t since_ns;
	size_t events;

	if (*done)
		return;
	*done = true;
	if (ct_live_went_on(live, &since_ns, &events))
		ct_say("went on where another coldtrace ended, %.2f s ago: %zu events since",
		       (double)(ct_mono_ns() - since_ns) / 1e9, events);
	if (!getenv("NOTIFY_SOCKET"))
		return;
	forget();
	if (ct_live_keep(live, &kept))
		keep(&kept);
}

static enum ct_kept_kind kind_of(const char *name, size_t len)
{
	enum ct_kept_kind kind = 0;

	while (kind < CT_KEPT_KINDS &&
	       (strlen(words[kind]) != len || memcmp(words[kind], name, len) != 0))
		kind++;
	return kind;
}

/* Ours are taken, as long as there is room; nobody who is executed gets any. */
static void take(struct ct_kept *to, const char *names, int count)
{
	/* As many as have names: the number is only what somebody says. */
	for (int i = 0; i < count && *names; i++) {
		size_t len = strcspn(names, ":");
		enum ct_kept_kind kind = kind_of(names, len);

		names += len + (names[len] == ':');
		/* One that is not there would be closed when it is something of ours. */
		if (fcntl(FDS_BEGIN + i, F_SETFD, FD_CLOEXEC) || kind == CT_KEPT_KINDS)
			continue;
		if (to->count < CT_KEPT_MAX)
			to->fds[to->count++] = (struct ct_kept_fd){ kind, FDS_BEGIN + i };
		else
			close(FDS_BEGIN + i);
	}
}

struct ct_kept ct_notify_inherit(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS"),
		   *names = getenv("LISTEN_FDNAMES");
	struct ct_kept kept = { 0 };

	/* Of a program that was given capabilities as a file anybody may set these. */
	if (pid && count && names && !getauxval(AT_SECURE) && strtol(pid, NULL, 10) == getpid())
		take(&kept, names, (int)strtol(count, NULL, 10));
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return kept;
}

void ct_kept_close(struct ct_kept *kept)
{
	for (size_t i = 0; i < kept->count; i++)
		close(kept->fds[i].fd);
	kept->count = 0;
}
