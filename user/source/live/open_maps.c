// SPDX-License-Identifier: GPL-2.0-only
#include "source/live/open_maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "coldtrace.skel.h"
#include "ct_opens.h"
#include "source/live/open_names.h"
#include "source/proc/procfs.h"
#include "util/mem.h"

#define EVERY_NS  500000000ull
#define BATCH     64
#define PATHS_MIN 16384u
#define DIR_MAX   512

/* Keys and values as in bpf/opens.bpf.h. */
struct opener {
	uint32_t root;
	uint8_t view, call, epoch, pad;
};

struct sum {
	struct ct_opens_counts counts;
	uint64_t unkept;
	uint32_t errors[CT_OPENS_ERRNOS];
	uint32_t buckets[CT_OPENS_BUCKETS];
};

struct path_key {
	uint64_t hash;
	struct opener opener;
};

struct path {
	struct ct_opens_counts counts;
	uint64_t where, mount, base;
	uint32_t error, flags;
	char text[CT_OPENS_PATH_LEN];
};

struct dir {
	uint32_t end, cut;
	uint64_t stamp;
	char names[512];
};

struct ct_open_maps {
	struct coldtrace_bpf *skel; /* borrowed */
	struct ct_facts *facts; /* borrowed */
	int sums[2], paths[2]; /* borrowed descriptors of a and b */
	unsigned written; /* which of them */
	uint32_t paths_max;
	uint64_t told_ns, told_inserts; /* the first is also the time of what is told */
	uint64_t lost; /* opens of paths whose directory was forgotten */
	struct sum sum;
	struct path path;
	struct dir dir;
};

static bool same_layout(const struct coldtrace_bpf *skel)
{
	return bpf_map__value_size(skel->maps.open_sums_a) == sizeof(struct sum) &&
	       bpf_map__value_size(skel->maps.open_paths_a) == sizeof(struct path) &&
	       bpf_map__key_size(skel->maps.open_paths_a) == sizeof(struct path_key) &&
	       bpf_map__value_size(skel->maps.open_dirs) == sizeof(struct dir);
}

int ct_open_maps_prepare(struct coldtrace_bpf *skel, enum ct_opens_mode mode, size_t processes_max,
			 uint32_t dirs_min)
{
	struct bpf_map *const maps[] = {
		skel->maps.open_sums_a,  skel->maps.open_sums_b,  skel->maps.open_paths_a,
		skel->maps.open_paths_b, skel->maps.open_sums,    skel->maps.open_paths,
		skel->maps.open_dirs,    skel->maps.open_scratch, skel->maps.open_nothing,
		skel->maps.opening,
	};
	size_t paths = processes_max > PATHS_MIN ? processes_max : PATHS_MIN;
	/* Each may lie in another directory: those of so many opens are not to be forgotten before they are told. */
	uint32_t dirs = (uint32_t)paths > dirs_min ? (uint32_t)paths : dirs_min;
	int r = 0;

	if (!same_layout(skel))
		return -EINVAL;
	for (size_t i = 0; i < CT_ARRAY_SIZE(maps) && !r; i++)
		r = bpf_map__set_autocreate(maps[i], mode != CT_OPENS_NONE);
	if (!r)
		r = bpf_map__set_max_entries(skel->maps.open_paths_a, (__u32)paths);
	if (!r)
		r = bpf_map__set_max_entries(skel->maps.open_paths_b, (__u32)paths);
	if (!r)
		r = bpf_map__set_max_entries(skel->maps.open_dirs, dirs);
	skel->rodata->opens_each = mode == CT_OPENS_EACH;
	skel->rodata->opens_host_level = ct_proc_level((uint32_t)getpid());
	return r;
}

int ct_open_maps_new(struct ct_open_maps **ret, struct coldtrace_bpf *skel, struct ct_facts *facts,
		     struct ct_err *err)
{
	struct ct_open_maps *m = calloc(1, sizeof(*m));

	if (!m)
		return ct_fail(err, -ENOMEM, "count opened files: out of memory");
	m->skel = skel;
	m->facts = facts;
	m->sums[0] = bpf_map__fd(skel->maps.open_sums_a);
	m->sums[1] = bpf_map__fd(skel->maps.open_sums_b);
	m->paths[0] = bpf_map__fd(skel->maps.open_paths_a);
	m->paths[1] = bpf_map__fd(skel->maps.open_paths_b);
	m->paths_max = bpf_map__max_entries(skel->maps.open_paths_a);
	*ret = m;
	return 0;
}

void ct_open_maps_free(struct ct_open_maps *m)
{
	free(m);
}

static struct ct_event *begin(struct ct_open_maps *m, enum ct_kind kind, const struct opener *op)
{
	struct ct_event *e = ct_fact_begin(m->facts, kind, op->root);

	if (m->told_ns > e->ts_ns)
		e->ts_ns = m->told_ns;
	e->root = op->root;
	e->sub = CT_OPENS_SUB(op->view, op->call);
	e->arg = op->epoch;
	return e;
}

static void tell_counts(struct ct_open_maps *m, const struct opener *op)
{
	struct ct_opens_counts counts = m->sum.counts;
	struct ct_opens_pair pair;
	char tail[CT_TAIL_MAX];
	size_t at = sizeof(counts), i = 0;
	uint64_t unkept = m->sum.unkept;

	do {
		memcpy(tail, &counts, sizeof(counts));
		for (; i < CT_OPENS_BUCKETS + CT_OPENS_ERRNOS; i++) {
			bool is_error = i >= CT_OPENS_BUCKETS;

			if (at + sizeof(pair) > sizeof(tail))
				break;
			pair.what = (uint32_t)i;
			if (is_error)
				pair.what = CT_OPENS_ERRNO | (uint32_t)(i - CT_OPENS_BUCKETS);
			pair.count =
				is_error ? m->sum.errors[i - CT_OPENS_BUCKETS] : m->sum.buckets[i];
			if (!pair.count)
				continue;
			memcpy(tail + at, &pair, sizeof(pair));
			at += sizeof(pair);
		}
		begin(m, CT_KIND_OPENS, op)->obj = unkept;
		ct_fact_emit(m->facts, tail, at);
		memset(&counts, 0, sizeof(counts));
		unkept = 0;
		at = sizeof(counts);
	} while (i < CT_OPENS_BUCKETS + CT_OPENS_ERRNOS);
}

/*
 * Writes the directory's path; 0: it is not known. One that has a key was there: now it had to make room for
 * others.
 */
static size_t join_dir(struct ct_open_maps *m, uint64_t key, char *to, size_t room, bool *ret_cut,
		       bool *ret_lost)
{
	*ret_cut = false;
	if (!key)
		return 0;
	if (bpf_map_lookup_elem(bpf_map__fd(m->skel->maps.open_dirs), &key, &m->dir)) {
		*ret_lost = true;
		return 0;
	}
	if (m->dir.end > sizeof(m->dir.names))
		return 0;
	*ret_cut = m->dir.cut;
	return ct_open_join(to, room, m->dir.names, m->dir.end, ret_cut);
}

static void tell_path(struct ct_open_maps *m, const struct opener *op)
{
	struct path *p = &m->path;
	struct ct_opens_path_tail t = {
		.counts = p->counts,
		.where = p->where,
		.error = p->error,
		.flags = p->flags,
	};
	char tail[sizeof(t) + 2 * DIR_MAX + CT_OPENS_PATH_LEN + 2];
	size_t at = sizeof(t), base;
	bool cut, mount_cut, lost = false;

	if (!p->counts.count)
		return;
	p->text[sizeof(p->text) - 1] = '\0';
	base = join_dir(m, p->base, tail + at, DIR_MAX, &cut, &lost);
	at += base;
	if (cut)
		t.flags |= CT_OPENS_F_BEGIN_CUT;
	if (base)
		t.flags &= ~(uint32_t)CT_OPENS_F_RELATIVE;
	/* "." and what was executed: the directory, or the file, itself. */
	if (*p->text && strcmp(p->text, ".") != 0) {
		if (base && tail[at - 1] != '/')
			tail[at++] = '/';
		memcpy(tail + at, p->text, strlen(p->text));
		at += strlen(p->text);
	}
	tail[at++] = '\0';
	at += join_dir(m, p->mount, tail + at, DIR_MAX, &mount_cut, &lost);
	if (lost)
		m->lost += p->counts.count;
	memcpy(tail, &t, sizeof(t));
	begin(m, CT_KIND_OPENS_PATH, op);
	ct_fact_emit(m->facts, tail, at);
}

/* Every entry once: nobody writes to this map any more. */
static int empty_sums(struct ct_open_maps *m, int fd)
{
	struct opener key, next;
	bool more = !bpf_map_get_next_key(fd, NULL, &key);

	while (more) {
		more = !bpf_map_get_next_key(fd, &key, &next);
		if (!bpf_map_lookup_elem(fd, &key, &m->sum))
			tell_counts(m, &key);
		if (bpf_map_delete_elem(fd, &key))
			return -errno;
		key = next;
	}
	return 0;
}

static int empty_paths(struct ct_open_maps *m, int fd)
{
	struct path_key key, next;
	bool more = !bpf_map_get_next_key(fd, NULL, &key);

	while (more) {
		more = !bpf_map_get_next_key(fd, &key, &next);
		if (!bpf_map_lookup_elem(fd, &key, &m->path))
			tell_path(m, &key.opener);
		if (bpf_map_delete_elem(fd, &key))
			return -errno;
		key = next;
	}
	return 0;
}

bool ct_open_maps_due(const struct ct_open_maps *m, uint64_t now_ns)
{
	uint64_t inserts = __atomic_load_n(&m->skel->bss->opens_inserted, __ATOMIC_RELAXED);

	return inserts - m->told_inserts >= m->paths_max / 4 || now_ns - m->told_ns >= EVERY_NS;
}

int ct_open_maps_turn(struct ct_open_maps *m, struct ct_err *err)
{
	__u32 slot = 0;
	int r;

	m->told_inserts = __atomic_load_n(&m->skel->bss->opens_inserted, __ATOMIC_RELAXED);
	m->written = !m->written;
	r = bpf_map_update_elem(bpf_map__fd(m->skel->maps.open_paths), &slot, &m->paths[m->written],
				BPF_ANY);
	if (!r)
		r = bpf_map_update_elem(bpf_map__fd(m->skel->maps.open_sums), &slot,
					&m->sums[m->written], BPF_ANY);
	return r ? ct_fail(err, r, "read the counters of opened files: %s", strerror(-r)) : 0;
}

int ct_open_maps_tell(struct ct_open_maps *m, uint64_t now_ns, struct ct_err *err)
{
	unsigned old = !m->written;
	int r;

	m->told_ns = now_ns;
	r = empty_sums(m, m->sums[old]);
	if (!r)
		r = empty_paths(m, m->paths[old]);
	return r ? ct_fail(err, r, "read the counters of opened files: %s", strerror(-r)) : 0;
}

uint64_t ct_open_maps_lost(struct ct_open_maps *m)
{
	uint64_t lost = m->lost;

	m->lost = 0;
	return lost;
}
