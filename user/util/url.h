/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses as they may be told: who asks, and what is behind the host, may be a key. */
#pragma once

#include <stdbool.h>

/* Of "scheme://user:password@host:port/path?key" stays "scheme://+@host:port/+", with a star for each +; never longer. */
void ct_url_hide(char *url);

/* Of each word of a line that is an address. cut: there was no room for more of the line, perhaps of its last word. */
void ct_url_hide_words(char *line, bool cut);
