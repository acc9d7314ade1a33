/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who reads what the kernel says must not wait for a disk, or it is lost in the ring. What is to be kept is
 * put on a desk, and a thread takes it from there to the archive. While the disk stalls it waits there, as
 * much as CT_DESK_BYTES; what comes beyond that is dropped and counted, and the recording tells where.
 */
#pragma once

#include "source/recording/recording_archive.h"

#define CT_DESK_BYTES (32u << 20)

struct ct_desk;

/* From now on until its end nobody else uses the archive. It has the privileges that its caller has now. */
int ct_desk_begin(struct ct_desk **ret, struct ct_archive *archive, struct ct_err *err);
/* The same with room for so many bytes. */
int ct_desk_begin_sized(struct ct_desk **ret, struct ct_archive *archive, size_t bytes,
			struct ct_err *err);
/* As ct_archive_write(); what fails is told with the next tick. */
void ct_desk_write(struct ct_desk *desk, const struct ct_event *e);
/* As ct_archive_learn(); NULL: of that archive, which is not in its hands. */
void ct_desk_learn(struct ct_desk *desk, struct ct_archive *archive, const struct ct_record *rec);
/* As ct_archive_tick(): what has been put there until now is taken to the archive. */
int ct_desk_tick(struct ct_desk *desk, uint64_t now_ns, bool quiet, struct ct_err *err);
/* As the last tick found it. */
struct ct_archive_seen ct_desk_seen(const struct ct_desk *desk);
/*
 * When all of it is in the archive, however long that takes. Returns what failed; NULL is fine. Afterwards
 * the archive is its owner's again.
 */
int ct_desk_end(struct ct_desk *desk, struct ct_err *err);
