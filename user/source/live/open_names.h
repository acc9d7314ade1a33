/* SPDX-License-Identifier: GPL-2.0-only */
/* A directory's path from the names that the kernel side keeps of it. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * names: the innermost first, each with its NUL, len bytes of them. A path that has no room, or
 * before which there are directories that are not known (*cut), loses its first names and then
 * begins with CT_OPENS_CUT; *cut says so. Returns its length; there is no NUL. room: enough for
 * CT_OPENS_CUT and more.
 */
size_t ct_open_join(char *to, size_t room, const char *names, size_t len, bool *cut);
