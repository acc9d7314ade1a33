// SPDX-License-Identifier: GPL-2.0-only
/* What records have that are of no container: an image's layers, a group's members. */
#include "sinks/json/json_objects.h"

#include "sinks/units.h"
#include "stats/pulls.h"
#include "util/mem.h"

#include <stdio.h>

static void put_peer(struct ct_json *w, const struct ct_peer *peer)
{
	char text[CT_ADDRESS_LEN];

	ct_json_string(w, "address", ct_address(text, peer, 0));
	ct_json_u64(w, "port", peer->port);
	ct_json_string(w, "host", peer->host);
	ct_json_string(w, "host_by", ct_named_names[peer->named]);
}

/* Of a layer: of those that are not known nothing is said. */
static void put_link(struct ct_json *w, const struct ct_link *l)
{
	if (!l->asked_ns)
		return;
	ct_json_enter(w, "link", '{');
	put_peer(w, &l->peer);
	ct_json_u64(w, "asked_ns", l->asked_ns);
	ct_json_u64(w, "connect_ns", l->made_ns - l->asked_ns);
	ct_json_u64(w, "end_ns", l->end_ns);
	ct_json_u64(w, "received", l->received);
	ct_json_u64_or_null(w, "rtt_ns", l->rtt_us * 1000ull, l->rtt_us);
	ct_json_u64(w, "resent", l->resent);
	ct_json_u64(w, "disordered", l->disordered);
	ct_json_leave(w, '}');
}

static void put_links(struct ct_json *w, const struct ct_fetched *f)
{
	if (!f->peer_count)
		return;
	ct_json_enter(w, "links", '{');
	ct_json_bool(w, "shared", f->links_shared);
	ct_json_u64(w, "beyond", f->peers_beyond);
	ct_json_enter(w, "peers", '[');
	for (size_t i = 0; i < f->peer_count; i++) {
		const struct ct_linked_peer *p = &f->peers[i];

		ct_json_enter(w, NULL, '{');
		put_peer(w, &p->peer);
		ct_json_u64(w, "asked", p->asked);
		ct_json_u64(w, "failed", p->failed);
		ct_json_u64(w, "open", p->open);
		ct_json_u64_or_null(w, "connect_ns", p->connect_ns, p->connect_ns);
		ct_json_u64_or_null(w, "rtt_ns", p->rtt_us * 1000, p->rtt_us);
		ct_json_u64_or_null(w, "received", p->received, !p->open);
		ct_json_u64(w, "resent", p->resent);
		ct_json_u64(w, "disordered", p->disordered);
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, ']');
	ct_json_leave(w, '}');
}

static void put_worker(struct ct_json *w, const char *key, const struct ct_worker *by)
{
	if (!by->pid) {
		ct_json_null(w, key);
		return;
	}
	ct_json_enter(w, key, '{');
	ct_json_string(w, "name", by->name);
	ct_json_u64(w, "pid", by->pid);
	ct_json_leave(w, '}');
}

static void put_layer(struct ct_json *w, const struct ct_layer *layer)
{
	const struct {
		const char *key;
		uint64_t ns;
	} times[] = {
		{ "known_ns", layer->known_ns },       { "first_ns", layer->first_ns },
		{ "fetched_ns", layer->fetched_ns },   { "unpacking_ns", layer->unpacking_ns },
		{ "unpacked_ns", layer->unpacked_ns }, { "registered_ns", layer->registered_ns },
	};
	const struct {
		const char *key;
		uint8_t by;
	} proofs[] = {
		{ "first", layer->first_by },
		{ "fetched", layer->fetched_by },
		{ "unpacking", layer->unpacking_by },
		{ "unpacked", layer->unpacked_by },
	};

	ct_json_enter(w, NULL, '{');
	ct_json_string(w, "id", layer->id);
	ct_json_string(w, "digest", layer->digest);
	ct_json_string(w, "type", layer->type);
	ct_json_bool(w, "there", layer->there);
	ct_json_bool(w, "stored", layer->stored);
	ct_json_bool(w, "shared", layer->shared);
	ct_json_bool(w, "waited", layer->waited);
	ct_json_bool(w, "fetched_is_bound", layer->bounded);
	ct_json_bool(w, "by_order", layer->by_order);
	ct_json_u64(w, "retries", layer->retries);
	ct_json_u64_or_null(w, "size", layer->size, layer->size);
	ct_json_u64_or_null(w, "unpacked_size", layer->files, layer->files);
	for (size_t i = 0; i < CT_ARRAY_SIZE(times); i++)
		ct_json_u64_or_null(w, times[i].key, times[i].ns, times[i].ns);
	ct_json_enter(w, "proof", '{');
	for (size_t i = 0; i < CT_ARRAY_SIZE(proofs); i++)
		ct_json_string(w, proofs[i].key, ct_layer_proof_names[proofs[i].by]);
	ct_json_leave(w, '}');
	put_worker(w, "unpacker", &layer->unpacker);
	put_worker(w, "inflater", &layer->inflater);
	put_link(w, &layer->link);
	ct_json_leave(w, '}');
}

static void put_line(struct ct_json *w, const struct ct_pull_line *line)
{
	uint64_t rate = (uint64_t)line->rate;

	ct_json_enter(w, "line", '{');
	ct_json_string(w, "is", ct_line_names[line->is]);
	ct_json_string(w, "why", ct_line_why_names[line->why]);
	ct_json_u64_or_null(w, "at_once_least", line->least, line->least);
	ct_json_u64_or_null(w, "at_once_most", line->most, line->most);
	ct_json_u64_or_null(w, "bytes_per_s", rate, rate);
	ct_json_u64(w, "distance_ns", line->distance_ns);
	ct_json_leave(w, '}');
}

/* What --pulls draws. */
static void put_bound(struct ct_json *w, const struct ct_record *rec)
{
	const struct ct_pull_bound b = ct_pull_bound(rec);
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{ "registry_ns", b.resolve },
		{ "network_ns", b.network },
		{ "slots_ns", b.slots },
		{ "unpack_ns", b.unpack },
		{ "register_ns", b.finish },
		{ "bytes", b.bytes },
		{ "fetching_ns", b.fetching },
		{ "unpacking_ns", b.inflating },
		{ "both_ns", b.overlap },
		{ "gain_no_limit_ns", b.unlimited },
		{ "gain_no_limit_least_ns", b.unlimited_least },
		{ "gain_parallel_ns", b.parallel },
		{ "gain_both_ns", b.both },
		{ "gain_both_least_ns", b.both_least },
	};

	if (!b.whole || rec->fetched->up_to_date) {
		ct_json_null(w, "bound");
		return;
	}
	ct_json_enter(w, "bound", '{');
	ct_json_string(w, "by", b.by);
	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++)
		ct_json_u64(w, rows[i].key, rows[i].value);
	put_line(w, &b.line);
	ct_json_leave(w, '}');
}

static void put_client(struct ct_json *w, const struct ct_fetched *f)
{
	ct_json_u64_or_null(w, "client_pid", f->client, f->client);
	ct_json_string(w, "client", f->client_name);
	ct_json_string(w, "client_by", ct_client_by_names[f->client_by]);
	if (f->for_container)
		ct_json_string(w, "container", f->container);
	else
		ct_json_null(w, "container");
}

void ct_json_fetched(struct ct_json *w, const struct ct_record *rec)
{
	const struct ct_fetched *f = rec->fetched;

	ct_json_enter(w, "fetched", '{');
	ct_json_string(w, "registry", f->registry);
	ct_json_string(w, "digest", f->digest);
	ct_json_bool(w, "up_to_date", f->up_to_date);
	ct_json_bool(w, "interrupted", f->interrupted);
	put_client(w, f);
	ct_json_enter(w, "layers", '[');
	for (size_t i = 0; i < f->layer_count; i++)
		put_layer(w, &f->layers[i]);
	ct_json_leave(w, ']');
	put_bound(w, rec);
	put_links(w, f);
	ct_json_leave(w, '}');
}

void ct_json_members(struct ct_json *w, const struct ct_record *rec)
{
	char text[24];

	ct_json_enter(w, "members", '[');
	for (size_t i = 0; i < rec->member_count; i++) {
		const struct ct_grouped *m = &rec->members[i];

		ct_json_enter(w, NULL, '{');
		ct_json_string(w, "id", m->id);
		ct_json_string(w, "name", m->name);
		ct_json_string(w, "image", m->image);
		ct_json_u64(w, "begin_ns", m->begin_ns);
		ct_json_u64(w, "ready_ns", m->ready_ns);
		ct_json_u64_or_null(w, "exit_ns", m->exit_ns, m->exit_ns);
		snprintf(text, sizeof(text), "%lld", (long long)m->gap_ns);
		if (i)
			ct_json_number(w, "gap_ns", text);
		else
			ct_json_null(w, "gap_ns");
		ct_json_u64(w, "cold_ns", m->cold_ns);
		ct_json_u64(w, "run_ns", m->run_ns);
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, ']');
}

void ct_json_found(struct ct_json *w, const struct ct_found *found)
{
	char text[32];

	ct_json_enter(w, "found", '{');
	ct_json_u64(w, "time", found->time);
	ct_json_u64(w, "times", found->times);
	ct_json_u64(w, "begun", found->begun);
	snprintf(text, sizeof(text), "%.4f", found->variation);
	ct_json_number(w, "variation", text);
	ct_json_leave(w, '}');
}
