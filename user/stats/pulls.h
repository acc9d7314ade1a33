/* SPDX-License-Identifier: GPL-2.0-only */
/* What held up a pull, and what it could have gained at most. Pure. */
#pragma once

#include "core/record.h"
#include "stats/pulls_line.h"

/* Times are ns. */
struct ct_pull_bound {
	bool whole; /* of all its layers it is known when they were fetched and unpacked */
	uint64_t resolve, network, slots, unpack, finish; /* what it waited for: they add up */
	uint64_t overlap; /* something was fetched and something was unpacked at once */
	uint64_t inflating; /* as long as layers were unpacked, one or more at once */
	struct ct_pull_line line;
	uint64_t unlimited; /* less by so much at most, had no layer waited for a slot */
	uint64_t unlimited_least; /* likewise, had the line carried no more than it did */
	uint64_t parallel; /* likewise, had none waited for the layer before it */
	uint64_t both, both_least;
	uint64_t bytes; /* fetched */
	uint64_t fetching; /* as long as anything was fetched */
	size_t there, layers, retries;
	const char *by, *what; /* bounded it: a word for programs, and what it means; static */
};

/* All connections that a pull's engine asked for meanwhile. */
struct ct_pull_links {
	/* Of all of them, borrowed; NULL: there is none, or more than one. */
	const struct ct_peer *peer; /* address and port */
	const char *host; /* or it is not known */
	size_t asked, failed, open;
	uint64_t received; /* bytes, by those that have ended */
	uint64_t resent; /* segments, likewise */
};

struct ct_pull_links ct_pull_links(const struct ct_fetched *f);

struct ct_pull_bound ct_pull_bound(const struct ct_record *rec);

/* Whether what is said to have been then was so no later than that: a part of a layer ends there, and is said to. */
bool ct_pull_is_bound(const struct ct_record *rec, uint64_t ns);

/* How many layers are fetched at once at most, from then until then. */
size_t ct_pull_at_once(const struct ct_fetched *f, uint64_t from_ns, uint64_t until_ns);
