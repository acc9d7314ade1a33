/* SPDX-License-Identifier: GPL-2.0-only */
/* Who belongs to a group that the user has named, and when all of it has started: told and counted alike. */
#pragma once

#include "core/record.h"

/* How many patterns there are, at most CT_GROUP_MEMBERS. */
size_t ct_group_count(const struct ct_group_named *named);
/* Whether what is called so, or is of that image, is the nth of it. */
bool ct_group_has(const struct ct_group_named *named, size_t n, const char *name,
		  const char *image);
/*
 * Which one a start is: the first that it may be and that has not started (begin_ns 0), else the first that
 * it may be, once more. count: none.
 */
size_t ct_group_member(const struct ct_group_named *named, const struct ct_grouped *members,
		       size_t count, const char *name, const char *image);
/*
 * Whether all have started. What was ready before a member that it comes behind had begun is of another time,
 * and is forgotten: beside each other there is no order.
 */
bool ct_group_is_whole(struct ct_grouped *members, size_t count);
