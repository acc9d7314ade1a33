// SPDX-License-Identifier: GPL-2.0-only
/* A row per layer of each image that was fetched; docs/formats.md has the columns. */
#include <errno.h>

#include "sinks/csv/csv.h"
#include "sinks/sink.h"
#include "sinks/units.h"
#include "util/mem.h"

static const char head[] =
	"image,engine,registry,manifest,outcome,pull_begin_ns,index,id,digest,type,there,stored,shared,"
	"waited,by_order,fetched_is_bound,retries,size,unpacked_size,known_ns,first_ns,fetched_ns,turn_ns,"
	"unpacking_ns,unpacked_ns,slot_wait_ns,connect_ns,download_ns,unpack_wait_ns,unpack_ns,first_proof,"
	"fetched_proof,unpacking_proof,unpacked_proof,address,port,asked_ns,made_ns,received,rtt_ns,"
	"resent,host,host_by,registered_ns,unpacker,unpacker_pid,inflater,inflater_pid,node\r\n";

static void put_number(FILE *f, uint64_t n, bool known)
{
	if (known)
		fprintf(f, "%llu", (unsigned long long)n);
	putc(',', f);
}

/* Of a part of its life; empty where an end of it is not known. */
static void put_time(FILE *f, uint64_t from, uint64_t to)
{
	put_number(f, to - from, from && to && to >= from);
}

static int put_texts(FILE *f, const char *const *texts, size_t count)
{
	int ret = 0;

	for (size_t i = 0; i < count; i++) {
		ret |= ct_csv_text(f, texts[i]);
		putc(',', f);
	}
	return ret;
}

/* What became of it, one after the other: as its steps have it. */
static void put_parts(FILE *f, const struct ct_layer *layer)
{
	uint64_t begun = layer->waited ? layer->first_ns : layer->known_ns;
	bool connects = begun && layer->link.made_ns > begun;

	if (layer->there) {
		fputs(",,,,,", f);
		return;
	}
	put_time(f, layer->known_ns, layer->waited ? layer->first_ns : layer->known_ns);
	put_number(f, layer->link.made_ns - begun, connects);
	put_time(f, connects ? layer->link.made_ns : begun, layer->fetched_ns);
	put_time(f, layer->fetched_ns, layer->turn_ns);
	put_time(f, layer->turn_ns, layer->unpacked_ns);
}

static int put_worker(FILE *f, const struct ct_worker *by)
{
	const char *name = by->name;
	int ret = put_texts(f, &name, 1);

	put_number(f, by->pid, by->pid);
	return ret;
}

/* The connection that it alone came by, where one is known. */
static int put_link(FILE *f, const struct ct_link *l)
{
	char address[CT_ADDRESS_LEN] = "";
	const char *text = l->asked_ns ? ct_address(address, &l->peer, 0) : address;
	const char *const host[] = { l->peer.host, ct_named_names[l->peer.named] };
	int ret = put_texts(f, &text, 1);

	put_number(f, l->peer.port, l->asked_ns);
	put_number(f, l->asked_ns, l->asked_ns);
	put_number(f, l->made_ns, l->made_ns);
	put_number(f, l->received, l->asked_ns);
	put_number(f, l->rtt_us * 1000ull, l->rtt_us);
	put_number(f, l->resent, l->asked_ns);
	return ret | put_texts(f, host, CT_ARRAY_SIZE(host));
}

static int put_layer(FILE *f, const struct ct_record *rec, const struct ct_layer *layer)
{
	const struct ct_fetched *of = rec->fetched;
	const char *const pull[] = { rec->who->image, rec->who->engine, of->registry, of->digest,
				     ct_outcome_names[rec->outcome] };
	const char *const which[] = { layer->id, layer->digest, layer->type };
	const bool flags[] = { layer->there,  layer->stored,   layer->shared,
			       layer->waited, layer->by_order, layer->bounded };
	const uint64_t times[] = { layer->known_ns, layer->first_ns,     layer->fetched_ns,
				   layer->turn_ns,  layer->unpacking_ns, layer->unpacked_ns };
	const uint8_t proofs[] = { layer->first_by, layer->fetched_by, layer->unpacking_by,
				   layer->unpacked_by };
	int ret = put_texts(f, pull, CT_ARRAY_SIZE(pull));

	put_number(f, rec->begin_ns, true);
	put_number(f, (uint64_t)(layer - of->layers), true);
	ret |= put_texts(f, which, CT_ARRAY_SIZE(which));
	for (size_t i = 0; i < CT_ARRAY_SIZE(flags); i++)
		fputs(flags[i] ? "true," : "false,", f);
	put_number(f, layer->retries, true);
	put_number(f, layer->size, layer->size);
	put_number(f, layer->files, layer->files);
	for (size_t i = 0; i < CT_ARRAY_SIZE(times); i++)
		put_number(f, times[i], times[i]);
	put_parts(f, layer);
	for (size_t i = 0; i < CT_ARRAY_SIZE(proofs); i++)
		ret |= put_texts(f, &ct_layer_proof_names[proofs[i]], 1);
	ret |= put_link(f, &layer->link);
	put_number(f, layer->registered_ns, layer->registered_ns);
	ret |= put_worker(f, &layer->unpacker);
	ret |= put_worker(f, &layer->inflater);
	ret |= ct_csv_text(f, rec->node);
	fputs("\r\n", f);
	return ret;
}

static int layers_begin(struct ct_sink *s, FILE *page, const struct ct_session *session)
{
	(void)s, (void)session;
	fputs(head, page);
	return 0;
}

static int layers_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
			 const struct ct_record *rec)
{
	int ret = 0;

	(void)s, (void)session;
	for (size_t i = 0; rec->fetched && i < rec->fetched->layer_count; i++)
		ret |= put_layer(page, rec, &rec->fetched->layers[i]);
	return ret ? -ENOMEM : 0;
}

const struct ct_sink_ops ct_csv_layers_ops = {
	.name = "csv-layers",
	.suffix = ".layers.csv",
	.help = "a table of fetched images: a row per layer",
	.begin = layers_begin,
	.record = layers_record,
};
