/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages as a sandbox sends them, built field by field. What is added last wins. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct message {
	size_t len;
	char bytes[16384];
};

void message_open(struct message *m, int64_t time_ns, int64_t tid, const char *path);
void message_open_at(struct message *m, int64_t time_ns, int64_t tid, const char *path,
		     int64_t dirfd, const char *dir, const char *cwd);
void message_returned(struct message *m, int64_t result, int64_t error);
void message_container(struct message *m, const char *id);
void message_start(struct message *m, int64_t time_ns, int64_t tgid, const char *id,
		   const char *const *args);
void message_raw(struct message *m, int64_t time_ns, int64_t tid, int64_t tgid, uint64_t sysno);
void message_clone(struct message *m, int64_t time_ns, int64_t tgid, int64_t new_tid,
		   int64_t new_tgid);
void message_task_exit(struct message *m, int64_t time_ns, int64_t tid, int64_t tgid,
		       int64_t status);
void message_execve(struct message *m, int64_t time_ns, int64_t tid, const char *path);
void message_executed(struct message *m, int64_t time_ns, int64_t tid, const char *path);
