// SPDX-License-Identifier: GPL-2.0-only
#include "source/sandbox/seccheck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "source/sandbox/sandbox.h"
#include "source/sandbox/seccheck_rpc.h"
#include "util/clock.h"
#include "util/mem.h"

#define SANDBOXES_MAX 1024
#define SANDBOX_FILES 4u /* descriptors of one, while it is asked */
#define OTHER_FILES   256u /* left to all else */
#define FILES_MAX     8192u
#define BATCH         16
#define RETRY_NS      4000000ull /* while it boots or makes its answer, how often it is looked at */
#define BOOT_NS       20000000000ull
#define ANSWER_NS     10000000000ull
#define CALL_NS       1000000000ull /* when all ends, for one answer; ANSWER_NS for all of them */
#define CLOSED_NS     2000000000ull /* from the end of its messages to its own, at most */
/*
 * What a sandbox may send before it is read: it never waits, it drops. A message takes about 1 KiB
 * of it, an open two messages.
 */
#define BUFFER_BYTES (32 << 20)
/*
 * What is read in one turn of all sandboxes together, an equal share of each: some 14,000 messages
 * or 40 ms. Who writes faster keeps nobody else from being read, and what is kept of it stays small.
 */
#define TURN_BYTES    (8u << 20)
#define MESSAGE_BYTES 512u /* what a message costs beside its own length */
#define ALL_BYTES     (4u * BUFFER_BYTES) /* more than can lie there unread */
/*
 * How many that do not answer yet are looked at in one turn: each time goes through the roots of a
 * sandbox's ancestors. Where many boot, each is looked at less often.
 */
#define ASKS_MAX 8
#define SAID_NS  60000000000ull /* between two times that there are too many */

enum state {
	BOOTS, /* does not answer yet */
	ASKED, /* the request is on its way */
	WATCHED,
	CLOSED, /* it ends, or somebody else has ended the session */
	ENDED, /* it is gone: what it has sent is still being read */
	LEFT_ALONE /* somebody else's, or it refused */
};

struct sandbox {
	enum state state;
	int process; /* and no other of its pid */
	int control; /* names its control socket, -1 until found */
	int rpc; /* connection while ASKED */
	int messages; /* our end of the pair */
	uint64_t due_ns, until_ns;
	bool more; /* to be read at once */
	struct ct_sandbox_reply reply;
	struct ct_seccheck_app app; /* and who it is */
	struct sandbox *next;
};

struct ct_seccheck {
	ct_seccheck_fn fn;
	void *ctx;
	struct sandbox *list;
	size_t count, max;
	size_t booting; /* when they were counted last */
	size_t asks, ending; /* left in this turn: sandboxes, and bytes of those that end */
	uint64_t said_ns; /* that there are too many */
	bool opens; /* asked for */
	char *request; /* owned */
	uint64_t lost;
	struct mmsghdr headers[BATCH];
	struct iovec vectors[BATCH];
	char buffers[BATCH][CT_SECCHECK_MSG_MAX];
};

/* The soft limit becomes the hard one, as far as it is of use. How many sandboxes it is enough for. */
static size_t sandboxes_max(void)
{
	struct rlimit files = { .rlim_cur = 1024, .rlim_max = 1024 };
	rlim_t want, before;

	getrlimit(RLIMIT_NOFILE, &files);
	before = files.rlim_cur;
	want = files.rlim_max < FILES_MAX ? files.rlim_max : FILES_MAX;
	if (before < want) {
		files.rlim_cur = want;
		if (setrlimit(RLIMIT_NOFILE, &files))
			files.rlim_cur = before;
	}
	if (files.rlim_cur < OTHER_FILES + SANDBOX_FILES)
		return 1;
	want = (files.rlim_cur - OTHER_FILES) / SANDBOX_FILES;
	return want < SANDBOXES_MAX ? (size_t)want : SANDBOXES_MAX;
}

struct ct_seccheck *ct_seccheck_new(bool opens, ct_seccheck_fn fn, void *ctx)
{
	struct ct_seccheck *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->fn = fn;
	s->ctx = ctx;
	s->opens = opens;
	s->max = sandboxes_max();
	s->asks = ASKS_MAX;
	s->ending = TURN_BYTES;
	s->request = ct_seccheck_create(opens);
	if (!s->request) {
		free(s);
		return NULL;
	}
	for (size_t i = 0; i < BATCH; i++) {
		s->vectors[i] = (struct iovec){ s->buffers[i], sizeof(s->buffers[i]) };
		s->headers[i].msg_hdr.msg_iov = &s->vectors[i];
		s->headers[i].msg_hdr.msg_iovlen = 1;
	}
	return s;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void leave_alone(struct sandbox *b, int code, const char *why)
{
	close_fd(&b->rpc);
	close_fd(&b->messages);
	b->state = LEFT_ALONE;
	ct_seccheck_app_say(&b->app, CT_VIEW_APPLICATION, code, why, ct_mono_ns());
}

static int make_pair(int pair[2])
{
	int bytes = BUFFER_BYTES;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return -errno;
	/* The sender's buffer counts. The second call is for who has no CAP_NET_ADMIN. */
	if (setsockopt(pair[1], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	shutdown(pair[0], SHUT_WR);
	return 0;
}

static void ask(struct ct_seccheck *s, struct sandbox *b, uint64_t now)
{
	own_fd int rpc = -1, theirs = -1;
	int pair[2];

	b->due_ns = now + RETRY_NS * (1 + s->booting / ASKS_MAX);
	if (b->control < 0)
		b->control = ct_sandbox_control(b->app.pid, b->app.id);
	if (b->control >= 0)
		rpc = ct_sandbox_connect(b->control, SOCK_NONBLOCK);
	if (rpc < 0) {
		if (now > b->until_ns)
			leave_alone(b, -ETIMEDOUT,
				    b->control < 0 ? "its control socket is not found"
						   : "it does not listen on its control socket");
		return;
	}
	if (make_pair(pair)) {
		leave_alone(b, -errno, strerror(errno));
		return;
	}
	b->messages = pair[0];
	theirs = pair[1];
	if (!ct_sandbox_send(rpc, s->request, theirs)) {
		leave_alone(b, -EIO, "its control socket takes no request");
		return;
	}
	b->rpc = take_fd(rpc);
	b->reply.len = 0;
	b->state = ASKED;
	b->until_ns = now + ANSWER_NS;
}

static void answered(struct sandbox *b, uint64_t now)
{
	char words[256], why[512];
	bool open = ct_sandbox_receive(b->rpc, &b->reply, MSG_DONTWAIT);

	b->due_ns = now + RETRY_NS;
	switch (ct_seccheck_answer(ct_text(b->reply.bytes, b->reply.len), words, sizeof(words))) {
	case CT_SECCHECK_DONE:
		close_fd(&b->rpc);
		b->state = WATCHED;
		b->due_ns = 0;
		ct_seccheck_app_say(&b->app, CT_VIEW_APPLICATION, 0, "", now);
		break;
	case CT_SECCHECK_HELD:
		snprintf(why, sizeof(why),
			 "somebody else holds its only trace session, which is left alone (runsc "
			 "trace delete --name %s %s would end it)",
			 CT_SECCHECK_SESSION, b->app.id);
		leave_alone(b, -EBUSY, why);
		break;
	case CT_SECCHECK_REFUSED:
		snprintf(why, sizeof(why), "it refuses a trace session: %s", words);
		leave_alone(b, -EPERM, why);
		break;
	case CT_SECCHECK_PARTIAL:
		if (!open || now > b->until_ns)
			leave_alone(b, -ETIMEDOUT, "its control socket gives no answer");
		break;
	}
}

static struct sandbox *sandbox_of(const struct ct_seccheck *s, uint32_t pid)
{
	for (struct sandbox *b = s->list; b; b = b->next) {
		if (b->app.pid == pid && b->state != ENDED)
			return b;
	}
	return NULL;
}

static void drop(struct ct_seccheck *s, struct sandbox *b)
{
	struct sandbox **at = &s->list;

	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
	s->count--;
	close_fd(&b->process);
	close_fd(&b->control);
	close_fd(&b->rpc);
	close_fd(&b->messages);
	free(b);
}

/* Those whose exit was not seen. */
static void drop_gone(struct ct_seccheck *s)
{
	for (struct sandbox *b = s->list, *next; b; b = next) {
		next = b->next;
		if (ct_sandbox_gone(b->process))
			ct_seccheck_exited(s, b->app.pid);
	}
}

static const char too_many[] =
	"as many sandboxes are listened to as may be at a time: 1024, or as many "
	"as RLIMIT_NOFILE is enough for";

/* Of those that give nothing, and may never: whoever is listened to goes on to be. */
static void give_up_oldest(struct ct_seccheck *s)
{
	struct sandbox *oldest = NULL;

	for (struct sandbox *b = s->list; b; b = b->next) {
		if (b->state == BOOTS || b->state == LEFT_ALONE)
			oldest = b; /* the list begins with the newest */
	}
	if (!oldest)
		return;
	if (oldest->state == BOOTS)
		leave_alone(oldest, -EMFILE, too_many);
	drop(s, oldest);
}

/* Counted; and said, but not as often as somebody may make it happen. */
static void refuse(struct ct_seccheck *s, struct sandbox *b)
{
	s->lost++;
	if (!s->said_ns || b->due_ns - s->said_ns > SAID_NS) {
		leave_alone(b, -EMFILE, too_many);
		s->said_ns = b->due_ns;
	}
	close_fd(&b->process);
	free(b);
}

static void ask_next(struct ct_seccheck *s, struct sandbox *b, uint64_t now)
{
	s->asks--;
	ask(s, b, now);
}

void ct_seccheck_add(struct ct_seccheck *s, uint32_t pid)
{
	own_fd int process = ct_sandbox_process(pid);
	struct sandbox *b = sandbox_of(s, pid);
	char id[CT_SECCHECK_ID];

	if (b && ct_sandbox_gone(b->process))
		ct_seccheck_exited(s, pid);
	else if (b)
		return;
	if (!ct_sandbox_id(pid, id, sizeof(id)))
		return;
	if (s->count >= s->max)
		drop_gone(s);
	if (s->count >= s->max)
		give_up_oldest(s);
	b = calloc(1, sizeof(*b));
	if (!b) {
		s->lost++;
		return;
	}
	b->process = take_fd(process);
	b->control = b->rpc = b->messages = -1;
	b->app.pid = pid;
	b->app.opens = s->opens;
	b->app.fn = s->fn;
	b->app.ctx = s->ctx;
	memcpy(b->app.id, id, sizeof(id));
	b->due_ns = ct_mono_ns();
	b->until_ns = b->due_ns + BOOT_NS;
	if (s->count >= s->max) {
		refuse(s, b);
		return;
	}
	b->next = s->list;
	s->list = b;
	s->count++;
	if (s->asks)
		ask_next(s, b, ct_mono_ns());
}

/* As far as its share goes. False when the sandbox has closed its end. */
static bool read_messages(struct ct_seccheck *s, struct sandbox *b, size_t share, size_t *ret_used)
{
	uint32_t error_ns;
	int64_t offset = ct_wall_minus_mono_ns(&error_ns);

	*ret_used = 0;
	do {
		uint64_t now;
		int n = recvmmsg(b->messages, s->headers, BATCH, MSG_DONTWAIT, NULL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		now = ct_mono_ns();
		for (int i = 0; i < n; i++) {
			if (!s->headers[i].msg_len)
				return false;
			*ret_used += MESSAGE_BYTES + s->headers[i].msg_len;
			ct_seccheck_app_take(&b->app, ct_text(s->buffers[i], s->headers[i].msg_len),
					     offset, now);
		}
		if (n < BATCH)
			return true;
	} while (*ret_used < share);
	b->more = true;
	return true;
}

/* Returns how much of the share it took. */
static size_t read_sandbox(struct ct_seccheck *s, struct sandbox *b, size_t share)
{
	size_t used = 0;

	b->more = false;
	/* While it was asked it may have begun to send. */
	if (b->messages >= 0 && !read_messages(s, b, share, &used) && b->state == WATCHED) {
		close_fd(&b->messages);
		b->state = CLOSED;
		b->until_ns = ct_mono_ns() + CLOSED_NS;
	}
	s->lost += b->app.lost;
	b->app.lost = 0;
	return used < share ? used : share;
}

static bool is_over(const struct sandbox *b)
{
	switch (b->state) {
	case ENDED:
		return b->messages < 0 || !b->more;
	case CLOSED:
	case BOOTS:
		return ct_sandbox_gone(b->process);
	default:
		return false;
	}
}

static void begin_turn(struct ct_seccheck *s)
{
	s->asks = ASKS_MAX;
	s->ending = TURN_BYTES;
	s->booting = 0;
	for (const struct sandbox *b = s->list; b; b = b->next)
		s->booting += b->state == BOOTS;
}

void ct_seccheck_read(struct ct_seccheck *s)
{
	uint64_t now = ct_mono_ns();
	size_t left = TURN_BYTES, others = s->count;

	begin_turn(s);
	for (struct sandbox *b = s->list, *next; b; b = next) {
		next = b->next;
		if (b->state == ASKED)
			answered(b, now);
		else if (b->state == BOOTS && now >= b->due_ns && s->asks)
			ask_next(s, b, now);
		left -= read_sandbox(s, b, left / others--);
		if (is_over(b))
			drop(s, b);
		else if (b->state == CLOSED && now > b->until_ns)
			leave_alone(b, -ECONNRESET, "somebody else has ended the trace session");
	}
}

/* What it has sent is read as that of others is, a share in a turn; nobody waits for more of it. */
void ct_seccheck_exited(struct ct_seccheck *s, uint32_t pid)
{
	struct sandbox *b = sandbox_of(s, pid);

	if (!b)
		return;
	b->more = true;
	if (s->ending)
		s->ending -= read_sandbox(s, b, s->ending);
	if (b->more)
		b->state = ENDED;
	else
		drop(s, b);
}

bool ct_seccheck_behind(const struct ct_seccheck *s)
{
	bool more = false;

	for (const struct sandbox *b = s->list; b; b = b->next)
		more |= b->more;
	return more;
}

uint64_t ct_seccheck_due(const struct ct_seccheck *s)
{
	uint64_t due = ct_seccheck_behind(s);

	if (due)
		return due;
	for (const struct sandbox *b = s->list; b; b = b->next) {
		if ((b->state == BOOTS || b->state == ASKED) && (!due || b->due_ns < due))
			due = b->due_ns;
	}
	return due;
}

uint64_t ct_seccheck_lost(struct ct_seccheck *s)
{
	uint64_t lost = s->lost;

	s->lost = 0;
	return lost;
}

/*
 * One request and its answer, waited for, but not past until_ns: who writes it byte by byte would
 * be waited for all day. False when the sandbox is not there to give one.
 */
static bool call(struct sandbox *b, const char *text, uint64_t until_ns)
{
	uint64_t now = ct_mono_ns();
	bool whole = false;

	if (until_ns > now + CALL_NS)
		until_ns = now + CALL_NS;
	b->rpc = ct_sandbox_connect(b->control, now < until_ns ? 0 : SOCK_NONBLOCK);
	if (b->rpc < 0)
		return false;
	b->reply.len = 0;
	if (ct_sandbox_send(b->rpc, text, -1)) {
		while (!whole && ct_mono_ns() < until_ns &&
		       ct_sandbox_receive(b->rpc, &b->reply, 0))
			whole = ct_seccheck_answer(ct_text(b->reply.bytes, b->reply.len), NULL,
						   0) != CT_SECCHECK_PARTIAL;
	}
	close_fd(&b->rpc);
	return whole;
}

static void end(struct ct_seccheck *s, struct sandbox *b, uint64_t until_ns)
{
	size_t share = ct_mono_ns() < until_ns ? ALL_BYTES : 0;
	uint64_t dropped;

	/* What was dropped last no later message has said. */
	if (call(b, ct_seccheck_list, until_ns) &&
	    ct_seccheck_dropped(ct_text(b->reply.bytes, b->reply.len), &dropped)) {
		read_sandbox(s, b, share);
		ct_seccheck_app_dropped(&b->app, (uint32_t)dropped);
	}
	call(b, ct_seccheck_delete, until_ns);
	read_sandbox(s, b, share);
}

void ct_seccheck_end(struct ct_seccheck *s)
{
	uint64_t until = ct_mono_ns() + ANSWER_NS;

	while (s->list) {
		struct sandbox *b = s->list;

		/* A session that is being made has to be there before it can be deleted. */
		while (b->state == ASKED && ct_mono_ns() < until) {
			const struct timespec pause = { .tv_nsec = (long)RETRY_NS };

			answered(b, ct_mono_ns());
			if (b->state == ASKED)
				nanosleep(&pause, NULL);
		}
		if (b->state == WATCHED)
			end(s, b, until);
		else if (b->state == ENDED && ct_mono_ns() < until)
			read_sandbox(s, b, ALL_BYTES);
		drop(s, b);
	}
}

void ct_seccheck_free(struct ct_seccheck *s)
{
	if (!s)
		return;
	ct_seccheck_end(s);
	free(s->request);
	free(s);
}
