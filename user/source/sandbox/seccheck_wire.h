/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What gVisor's remote sink sends of a trace session: a header, then one protobuf message. Pure.
 * Facts from gVisor's pkg/sentry/seccheck/points/{common,container,sentry,syscall}.proto and
 * sinks/remote/wire/wire.go, releases 20240729 to 20260817. Trusts no length.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/text.h"

/* common.proto, MessageType: those that are asked for. */
enum ct_seccheck_type {
	CT_SECCHECK_START = 1, /* of a container */
	CT_SECCHECK_CLONE = 2,
	CT_SECCHECK_EXEC = 3, /* a program has taken the place of another */
	CT_SECCHECK_TASK_EXIT = 5,
	CT_SECCHECK_RAW = 6,
	CT_SECCHECK_OPEN = 7,
	CT_SECCHECK_EXECVE = 11
};

#define CT_SECCHECK_HEADER  8
#define CT_SECCHECK_AT_CWD  (-100) /* AT_FDCWD of the application */
#define CT_SECCHECK_MSG_MAX 16384 /* three paths and what else there is; longer is cut */

/* Fields that are not in the message are 0 and empty. Texts are borrowed. */
struct ct_seccheck_msg {
	uint16_t type; /* any: newer senders have more */
	uint32_t dropped; /* messages that the sandbox could not send, ever */
	int64_t time_ns; /* the sandbox's CLOCK_REALTIME */
	int64_t tid; /* in the root pid namespace of the sandbox */
	int64_t tgid;
	struct ct_text container; /* its id */
	struct ct_text cwd;
	bool leaving; /* the system call has returned */
	int64_t result;
	int64_t error; /* errno, positive */
	int64_t sysno;
	int64_t flags; /* of open() */
	int64_t dirfd;
	struct ct_text dir; /* path of dirfd */
	struct ct_text path;
	int64_t status; /* as wait() says it */
	int64_t new_tgid; /* the process that the new thread is of */
	struct ct_text body; /* for ct_seccheck_args() */
};

/* False when it is no message at all. */
bool ct_seccheck_parse(struct ct_text bytes, struct ct_seccheck_msg *ret);

/* Arguments of START with a NUL behind each, as many as fit. Returns the bytes written. */
size_t ct_seccheck_args(const struct ct_seccheck_msg *msg, char *to, size_t room);

/*
 * The path that was opened, made absolute with its directory if need be. Returns its length, 0
 * when there is none; what does not fit is cut. `.` and `..` stay: gVisor resolves them, not we.
 */
size_t ct_seccheck_path(const struct ct_seccheck_msg *msg, struct ct_text cwd, char *to,
			size_t room);
