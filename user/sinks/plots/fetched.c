// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/plots/fetched.h"

#include <string.h>

#include "sinks/escape.h"
#include "sinks/units.h"

/* "asked by docker (pid 123) for container web", "asked by kubelet (pid 45) for pod shop/web-1". */
void ct_fetched_draw_asked(struct ct_pen *pen, const struct ct_record *rec)
{
	const struct ct_fetched *f = rec->fetched;
	const struct ct_identity *who = rec->who;

	if (!f->client)
		return;
	fputs("  asked by ", pen->f);
	if (f->client_name[0]) {
		ct_pen_foreign(pen, f->client_name, CT_CLIENT_LEN, false);
		fprintf(pen->f, " (pid %u)", f->client);
	} else {
		fprintf(pen->f, "pid %u", f->client);
	}
	if (f->for_container && f->container[0]) {
		fputs(" for container ", pen->f);
		ct_pen_foreign(pen, f->container, pen->width, false);
	} else if (f->for_container) {
		fputs(" for a container", pen->f);
	} else if (who->pod[0]) {
		fputs(" for pod ", pen->f);
		ct_pen_foreign(pen, who->pod_ns, pen->width, false);
		fputs("/", pen->f);
		ct_pen_foreign(pen, who->pod, pen->width, false);
	}
	fputc('\n', pen->f);
}

/* Of that program, all but those before it; 0: one before it has that name. */
static size_t count_of(const struct ct_fetched *f, size_t at, bool inflaters)
{
	size_t n = 0;

	for (size_t i = 0; i < f->layer_count; i++) {
		const struct ct_layer *a = &f->layers[at], *b = &f->layers[i];

		if (strcmp(inflaters ? a->inflater.name : a->unpacker.name,
			   inflaters ? b->inflater.name : b->unpacker.name) != 0)
			continue;
		if (i < at)
			return 0;
		n++;
	}
	return n;
}

static bool draw_workers(struct ct_pen *pen, const struct ct_fetched *f, bool inflaters,
			 const char *before)
{
	bool drawn = false;

	for (size_t i = 0; i < f->layer_count; i++) {
		const struct ct_layer *l = &f->layers[i];
		const struct ct_worker *by = inflaters ? &l->inflater : &l->unpacker;
		size_t n = by->pid ? count_of(f, i, inflaters) : 0;

		if (!n)
			continue;
		fputs(drawn ? ", " : before, pen->f);
		ct_pen_foreign(pen, by->name, sizeof(by->name), false);
		fprintf(pen->f, " (%zu layer%s)", n, n == 1 ? "" : "s");
		drawn = true;
	}
	return drawn;
}

/* "unpacked by docker-untar (6 layers), inflated by unpigz (6 layers)" */
void ct_fetched_draw_unpacked(struct ct_pen *pen, const struct ct_fetched *f)
{
	bool drawn = draw_workers(pen, f, false, "  unpacked by ");

	drawn |= draw_workers(pen, f, true, drawn ? ", inflated by " : "  inflated by ");
	if (drawn)
		fputc('\n', pen->f);
}

void ct_fetched_draw_peers(struct ct_pen *pen, const struct ct_fetched *f)
{
	unsigned flags = pen->utf8 ? CT_DURATION_UTF8 : 0;
	char text[CT_ADDRESS_LEN];

	for (size_t i = 0; i < f->peer_count; i++) {
		const struct ct_linked_peer *p = &f->peers[i];

		fputs("  ", pen->f);
		if (strcmp(p->peer.host, ct_address(text, &p->peer, 0)) != 0 && p->peer.named)
			fprintf(pen->f, "%s at ", p->peer.host);
		fprintf(pen->f, "%s by %zu connection%s", ct_address(text, &p->peer, p->peer.port),
			p->asked, p->asked == 1 ? "" : "s");
		if (f->links_shared)
			fputs(" of this and other pulls", pen->f);
		if (p->rtt_us)
			fprintf(pen->f, ", RTT %s", ct_duration(text, p->rtt_us * 1000, flags));
		if (p->connect_ns)
			fprintf(pen->f, ", connect %s", ct_duration(text, p->connect_ns, flags));
		if (!p->open && p->received)
			fprintf(pen->f, ", %s", ct_bytes(text, p->received));
		if (p->failed)
			fprintf(pen->f, ", %zu failed", p->failed);
		if (p->resent)
			fprintf(pen->f, ", %llu resent", (unsigned long long)p->resent);
		if (p->disordered)
			fprintf(pen->f, ", %llu out of order", (unsigned long long)p->disordered);
		fputc('\n', pen->f);
	}
}
