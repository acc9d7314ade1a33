/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tape: a list of events made by hand, for tests, seeds of fuzzers and everything else that has
 * no kernel. The only place among the tests that knows the layout of an event.
 *
 * Times are milliseconds from the begin of the tape. Sockets come in pairs: a client's is even,
 * its peer is the next odd one.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "core/hear/wire.h"
#include "ct_event.h"
#include "ct_opens.h"

#define TAPE_T0_NS 1000000000ull
#define TAPE_MS    1000000ull
#define TAPE_END   ((const char *)NULL) /* of a list of arguments or pairs */

struct tape {
	char *bytes; /* owned */
	size_t len, room;
	size_t count;
	uint64_t now_ns; /* of the next event */
	uint32_t engine; /* whose socket clients send to from now on; 0: not known */
	const char *server; /* what its answers say of it, borrowed; NULL: nothing */
	const char *agent; /* what clients of HTTP call themselves, borrowed; NULL: nothing */
};

void tape_free(struct tape *t);
void tape_at(struct tape *t, double ms);
uint64_t tape_ns(double ms);

/* The event may be changed until the next one is added. Out of memory ends the program. */
struct ct_event *tape_add(struct tape *t, enum ct_kind kind, uint32_t tgid, const void *tail,
			  size_t len);

/* Who is who. */
void tape_fork(struct tape *t, uint32_t parent, uint32_t child, enum ct_role role);
void tape_exec(struct tape *t, uint32_t tgid, enum ct_role role, uint64_t netns, ...)
	__attribute__((sentinel));
/* Of the last event, an EXEC of whose fork nothing was told: who forked it, and that one. */
void tape_forked_by(struct tape *t, uint32_t parent, uint32_t above);
void tape_exit(struct tape *t, uint32_t tgid, enum ct_role role, int status);
void tape_process(struct tape *t, uint32_t tgid, uint32_t parent, enum ct_role role, ...)
	__attribute__((sentinel));
void tape_identity(struct tape *t, uint32_t engine, ...) __attribute__((sentinel));

/* What they say. socket is the client's, for answers too. */
void tape_send(struct tape *t, uint32_t tgid, uint64_t socket, const char *bytes, size_t len);
void tape_http_request(struct tape *t, uint32_t tgid, uint64_t socket, const char *line,
		       const char *body);
void tape_http_answer(struct tape *t, uint32_t tgid, uint64_t socket, int status, const char *body);
/* A chunk of an answer's body. */
void tape_http_chunk(struct tape *t, uint32_t tgid, uint64_t socket, const char *body);
void tape_ttrpc_request(struct tape *t, uint32_t tgid, uint64_t socket, uint32_t stream,
			const char *method, const char *id, const char *exec_id);
/* Fields 1 and 2 of the method's answer, 0 for none. */
void tape_ttrpc_answer(struct tape *t, uint32_t tgid, uint64_t socket, uint32_t stream,
		       uint64_t field1, uint64_t field2);
void tape_ttrpc_error(struct tape *t, uint32_t tgid, uint64_t socket, uint32_t stream,
		      const char *message);
void tape_grpc_request(struct tape *t, uint32_t tgid, uint64_t socket, uint32_t stream,
		       const char *id, bool nested);
void tape_grpc_answer(struct tape *t, uint32_t tgid, uint64_t socket, uint32_t stream);

/* What they do. */
void tape_sync(struct tape *t, uint32_t tgid, const char *dir, const char *file);
void tape_unlink(struct tape *t, uint32_t tgid, const char *dir, const char *file);
void tape_output(struct tape *t, uint32_t root, uint32_t shim);
/* The shim passes on what the workload wrote to a pipe. */
void tape_relay(struct tape *t, uint32_t shim, const char *dir, const char *fifo);
void tape_listen(struct tape *t, uint32_t root, uint16_t port);
void tape_accept(struct tape *t, uint32_t root, uint16_t port);
void tape_open(struct tape *t, uint32_t root, const char *path);
/* Opened files: see tape_opens.c. A device and the magic of overlayfs. */
#define TAPE_OVERLAY CT_OPENS_WHERE(40, 0x794c7630)

struct ct_event *tape_opened(struct tape *t, uint32_t root, enum ct_view view, const char *path,
			     uint64_t ns, int ret);
/* Counters as they are read from the maps: opens of 5 us, the first failed of them with ENOENT. */
struct ct_event *tape_watched(struct tape *t, uint32_t root, const char *id, int ret,
			      const char *why);
struct ct_event *tape_opens(struct tape *t, uint32_t root, enum ct_view view, uint64_t count,
			    uint64_t failed, double first_ms, double last_ms);
struct ct_event *tape_opens_path(struct tape *t, uint32_t root, const char *path, const char *mount,
				 uint64_t where, uint64_t count, uint64_t failed);

void tape_netlink(struct tape *t, uint32_t tgid, uint64_t netns, double ms);
void tape_cgroup(struct tape *t, uint32_t tgid, const char *path);
void tape_call(struct tape *t, uint32_t tgid, enum ct_call call, double ms, ...)
	__attribute__((sentinel));

/* What user space says. */
void tape_clock(struct tape *t);
void tape_lost(struct tape *t, uint16_t loss, uint64_t count);
void tape_options(struct tape *t, uint32_t ready_mask);

/* The events again, by time; those of one time keep their order. */
void tape_sort(struct tape *t);

/* The i-th event. */
const struct ct_event *tape_event(const struct tape *t, size_t i);
void tape_feed(const struct tape *t, struct ct_core *core);

/* Bytes of messages, for the tests of the decoders. Each returns how many it wrote. */
size_t tape_put_varint(char *to, uint64_t value);
size_t tape_put_number(char *to, uint32_t field, uint64_t value);
size_t tape_put_bytes(char *to, uint32_t field, const char *data, size_t len);
size_t tape_put_ttrpc(char *to, uint32_t stream, uint8_t type, const char *body, size_t len);
size_t tape_put_frame(char *to, uint8_t type, uint32_t stream, const char *body, size_t len);
