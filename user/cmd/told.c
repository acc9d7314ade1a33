// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/told.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t told;

static void on_signal(int signo)
{
	(void)signo;
	told = 1;
}

void ct_told_catch(void)
{
	const struct sigaction end = { .sa_handler = on_signal };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction before;

	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	/* Under nohup it stays ignored. */
	if (!sigaction(SIGHUP, NULL, &before) && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &end, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

bool ct_told_to_end(void)
{
	return told;
}
