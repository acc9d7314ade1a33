/* SPDX-License-Identifier: GPL-2.0-only */
/* Where it listens, for whom, and with what key. */
#pragma once

#include <stdbool.h>

#include "serve/serve.h"

#define CT_PASSWORD_LEN 256

struct ct_listen {
	int fd; /* owned, -1: none */
	bool loopback; /* nobody else can reach it */
	char *certificate, *key; /* owned: PEM; NULL: no TLS */
	char password[CT_PASSWORD_LEN]; /* USER:PASSWORD; empty: none */
};

int ct_listen_open(struct ct_listen *l, const struct ct_serve_options *opts, char *url, size_t room,
		   struct ct_err *err);
void ct_listen_close(struct ct_listen *l);

/*
 * Whether a request with this Host (NULL: none) may be answered: on loopback only what names loopback,
 * else a page of anybody's could have its name lead here, and read.
 */
bool ct_listen_is_own(const struct ct_listen *l, const char *host);
