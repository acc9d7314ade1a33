/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a scout is sent for: an engine and its sockets, who a container is, all containers that an
 * engine keeps. Files are read under a budget: of one file, and of one engine in bytes and in time;
 * what has several names is read once. A question about one container is answered in the middle of
 * a list of all.
 */
#pragma once

#include "source/engines/engine.h"
#include "source/engines/scout.h"
#include "source/facts.h"

#define CT_ERRAND_ENGINES_MAX 16

enum ct_errand_kind {
	CT_ERRAND_ENGINE, /* pid: read what it is */
	CT_ERRAND_WHO, /* id: asked of the monitor pid or its bundle, then of the engines in turn */
	CT_ERRAND_ALL, /* all containers of engines[0] */
	CT_ERRAND_INIT, /* pid, a shim: the pid of its container, as its bundle has it */
	CT_ERRAND_MANIFEST, /* id: digits of what engines[0] has stored: what it consists of */
	CT_ERRAND_UNPACKED, /* likewise, of a config; bundle: namespace: when its layers were unpacked */
	CT_ERRAND_IMAGE, /* bundle: namespace, blank, name: what that is */
	CT_ERRAND_STORE, /* pid, a command: where it keeps images, to be remembered when it has gone */
	CT_ERRAND_STORED, /* pid, the same: what it has stored of the image that `bundle` names */
	CT_ERRAND_KINDS
};

struct ct_errand {
	enum ct_errand_kind kind;
	uint32_t seq;
	uint32_t pid;
	bool foreign; /* as of struct ct_engine */
	char id[CT_ID_LEN + 1];
	char bundle[CT_ENGINE_PATH_MAX];
	size_t count;
	struct ct_engine engines[CT_ERRAND_ENGINES_MAX];
};

enum ct_finding_kind {
	CT_FINDING_ENGINE,
	CT_FINDING_IDENTITY,
	CT_FINDING_TEXT,
	CT_FINDING_LAYER,
	CT_FINDING_END /* of the errand, always */
};

struct ct_finding {
	enum ct_finding_kind kind;
	uint32_t seq;
	uint32_t pid; /* of the engine that says it, 0: nobody */
	uint64_t beyond; /* END: how many containers there was no budget for */
	bool found; /* END */
	struct {
		uint64_t size;
		uint64_t wall_ns; /* UNPACKED */
		uint32_t number, count;
		uint8_t kind; /* of the event: LAYER, UNPACKED, IMAGE */
	} layer; /* LAYER; count 0: there is nothing. Its tail is that of the event */
	union {
		struct ct_engine engine;
		struct ct_tail tail;
	};
};

void ct_finding_layer(const struct ct_finding *finding, struct ct_facts *facts); /* as an event */

/* What of them is sent. */
size_t ct_errand_len(const struct ct_errand *errand);
size_t ct_finding_len(const struct ct_finding *finding);

/* The work of a scout. */
void ct_errands_run(int fd, struct ct_scout_sign *sign);
