// SPDX-License-Identifier: GPL-2.0-only
/* What lies between what is told of a pod's containers: what its kubelet prepares, what is fetched in vain. */
#include "core/book/pulls.h"
#include "core/tell/prepared.h"

#include "cluster.h"

#define UID     "3f9a0d1e-9a51-4b58-8f2b-5f5e3c1b0a77"
#define VOLUMES "/var/lib/kubelet/pods/" UID "/volumes/kubernetes.io~projected/"

/* Arguments of "mount", separated by '|'. */
static void seen(struct cluster *cl, enum ct_pod_sub sub, uint32_t pid, double ms, const char *text)
{
	union {
		struct ct_event e;
		char bytes[sizeof(struct ct_event) + 512];
	} u = { .e = { .kind = CT_KIND_POD, .sub = sub, .tgid = pid, .ts_ns = MS(ms) } };

	u.e.tail_len = (uint16_t)strlen(text);
	cr_assert_leq(u.e.tail_len, 512);
	for (size_t i = 0; i < u.e.tail_len; i++)
		u.e.tail[i] = text[i];
	for (size_t i = 0; sub == CT_POD_MOUNT && i < u.e.tail_len; i++)
		if (text[i] == '|')
			u.e.tail[i] = '\0';
	cl->core->now = MS(ms);
	ct_made_prepared(cl->core, &u.e);
}

static void mounts(struct cluster *cl, uint32_t pid, double begin, double end, const char *args)
{
	seen(cl, CT_POD_MOUNT, pid, begin, args);
	cl->core->now = MS(end);
	ct_made_exits(cl->core, pid);
}

static void starts_of(struct cluster *cl, const char *uid, const char *id, const char *name,
		      double begin, double end)
{
	struct ct_record rec = record_of(cl, CT_RECORD_START, id, name, begin, end);

	text(cl->c.who.pod_uid, sizeof(cl->c.who.pod_uid), uid);
	rec.ready = *name ? CT_READY_LISTEN : -1;
	rec.ready_ns = *name ? rec.end_ns : 0;
	ct_made_told(cl->core, &rec, &cl->c);
}

/* A kubelet makes its cgroup, mounts its volumes, and asks for it then. */
Test(prepared, it_begins_with_what_its_kubelet_prepares)
{
	struct cluster *cl = cluster_new(true);
	const struct seen *s;

	seen(cl, CT_POD_CGROUP, 900, 0, "/kubepods/besteffort/pod" UID);
	mounts(cl, 901, 50, 60,
	       "mount|-t|tmpfs|-o|size=1024|tmpfs|" VOLUMES "kube-api-access-x7k2p|");
	mounts(cl, 902, 55, 75, "mount|-t|tmpfs|tmpfs|" VOLUMES "settings");
	seen(cl, CT_POD_CGROUP, 900, 80, "/kubepods/besteffort/pod" UID); /* in another hierarchy */
	starts_of(cl, UID, "s1", "", 305, 400);
	mounts(cl, 903, 410, 420,
	       "mount|--no-canonicalize|-o|bind|/proc/900/fd/9|/var/lib/kubelet/pods/" UID
	       "/volume-subpaths/settings/app/0");
	starts_of(cl, UID, "a1", "app", 430, 500);
	passes(cl, 6000);
	s = only(cl, CT_RECORD_POD_START);
	expect_span(s, 0, 500);
	expect_phase(s, CT_PHASE_VOLUMES, 25 + 10);
	expect_phase(s, CT_PHASE_KUBELET, 50 + 230 + 10 + 10);
	expect_phase(s, CT_PHASE_SANDBOX, 95);
	expect_phase(s, CT_PHASE_CONTAINERS, 70);
	expect_tiled(s);
	cr_assert_eq(s->rec.step_count, 4 + 3);
	cr_expect_str_eq(s->steps[0].name, "mount");
	cr_expect_str_eq(s->steps[0].detail, "kube-api-access-x7k2p");
	cr_expect_eq(s->steps[0].phase, CT_PHASE_VOLUMES);
	cr_expect_eq(s->steps[0].begin_ns, MS(50));
	cr_expect_eq(s->steps[0].end_ns, MS(60));
	cr_expect_str_eq(s->steps[1].detail, "settings");
	cr_expect_str_eq(s->steps[2].name, "sandbox");
	cr_expect_eq(s->steps[3].parent, 2 + 1);
	cr_expect_str_eq(s->steps[4].name, "mount",
			 "what is between two containers is told between them");
	cr_expect_str_eq(s->steps[4].detail, "settings");
	cr_expect_str_eq(s->steps[5].name, "container");
	cr_expect_eq(s->steps[6].parent, 5 + 1);
	cluster_free(cl);
}

/* Its sandbox is made anew: what was done first was done for the one before. */
Test(prepared, another_sandbox_begins_with_itself)
{
	struct cluster *cl = cluster_new(false);
	const struct seen *s;

	seen(cl, CT_POD_CGROUP, 900, 0, "/kubepods.slice/kubepods-pod" UID ".slice");
	starts_of(cl, UID, "s1", "", 10, 100);
	starts_of(cl, UID, "a1", "app", 100, 200);
	passes(cl, 6000);
	mounts(cl, 901, 7000, 7010, "mount|tmpfs|" VOLUMES "late");
	starts_of(cl, UID, "s2", "", 9000, 9100);
	starts_of(cl, UID, "a2", "app", 9100, 9200);
	passes(cl, 15000);
	cr_assert_eq(cl->run.count, 2);
	expect_span(&cl->run.seen[0], 0, 200);
	s = &cl->run.seen[1];
	expect_span(s, 9000, 9200);
	expect_tiled(s);
	cr_expect_eq(s->rec.seen >> CT_PHASE_VOLUMES & 1, 0);
	cluster_free(cl);
}

/* A mount of which no end was seen is under way. */
Test(prepared, a_mount_that_hangs)
{
	struct cluster *cl = cluster_new(true);
	const struct seen *s;

	seen(cl, CT_POD_MOUNT, 901, 0, "mount|-t|nfs|server:/x|" VOLUMES "share");
	starts_of(cl, UID, "s1", "", 100, 200);
	starts_of(cl, UID, "a1", "app", 250, 300);
	passes(cl, 6000);
	s = only(cl, CT_RECORD_POD_START);
	expect_phase(s, CT_PHASE_VOLUMES, 100 + 50);
	expect_tiled(s);
	cr_expect_eq(s->steps[0].end_ns, s->rec.end_ns);
	cluster_free(cl);
}

/* What is done for others, or for no pod, is no part of it; nor is what a kubelet in a container does. */
Test(prepared, others_are_prepared_too)
{
	struct cluster *cl = cluster_new(false);
	struct ct_record rec;

	seen(cl, CT_POD_CGROUP, 900, 0, "/kubepods/besteffort/podelse");
	mounts(cl, 901, 10, 20, "mount|/dev/sdb1|/mnt");
	mounts(cl, 902, 20, 30, "mount|tmpfs|/srv/pods/" UID "/data");
	starts_of(cl, UID, "s1", "", 100, 200);
	starts_of(cl, UID, "a1", "app", 200, 300);
	passes(cl, 6000);
	expect_span(only(cl, CT_RECORD_POD_START), 100, 300);
	cluster_free(cl);

	cl = cluster_new(false);
	seen(cl, CT_POD_CGROUP, 900, 0, "/kubepods/besteffort/pod" UID);
	rec = record_of(cl, CT_RECORD_START, "s1", "", 100, 200);
	text(cl->c.who.pod_uid, sizeof(cl->c.who.pod_uid), UID);
	cl->c.key.scope.root = 77;
	ct_made_told(cl->core, &rec, &cl->c);
	rec = record_of(cl, CT_RECORD_START, "a1", "app", 200, 300);
	text(cl->c.who.pod_uid, sizeof(cl->c.who.pod_uid), UID);
	cl->c.key.scope.root = 77;
	ct_made_told(cl->core, &rec, &cl->c);
	passes(cl, 6000);
	expect_span(only(cl, CT_RECORD_POD_START), 100, 300);
	cluster_free(cl);
}

/* More pods than there are on any node, that nobody asks for: the oldest goes, which is said if it may still be. */
Test(prepared, pods_that_are_prepared_and_never_asked_for)
{
	struct cluster *cl = cluster_new(false);
	char path[64];

	for (unsigned i = 0; i < 1025; i++) {
		snprintf(path, sizeof(path), "/kubepods/besteffort/podu%u", i);
		seen(cl, CT_POD_CGROUP, 900, 100.0 * i, path);
	}
	cr_expect_eq(cl->core->counts.lost[CT_LOSS_TABLE], 0, "it was given up long ago");
	seen(cl, CT_POD_CGROUP, 900, 1, "/kubepods/besteffort/podlate");
	cr_expect_eq(cl->core->counts.lost[CT_LOSS_TABLE], 1);
	starts_of(cl, "u1024", "s1", "", 110000, 110100);
	starts_of(cl, "u1024", "a1", "app", 110100, 110200);
	passes(cl, 120000);
	expect_span(only(cl, CT_RECORD_POD_START), 102400, 110200);
	cluster_free(cl);
}

Test(prepared, a_pod_of_very_many_volumes)
{
	struct cluster *cl = cluster_new(false);

	for (unsigned i = 0; i < CT_PREPARED_MOUNTS_MAX + 1; i++)
		mounts(cl, 901, i, i + 0.5, "mount|tmpfs|" VOLUMES "one");
	cr_expect_eq(cl->core->counts.lost[CT_LOSS_STEPS], 1);
	cluster_free(cl);
}

/* An image that an engine fetches for the pod; end: 0 as long as it does. */
static struct ct_pull *pulls(struct cluster *cl, double begin, double end, bool failed)
{
	static const struct ct_scope host = { 0 };
	struct ct_pull *p = ct_pull_make(cl->core, &host, "nginx:2", 900);

	cr_assert(p);
	p->begin_ns = MS(begin);
	p->end_ns = MS(end);
	if (end < begin)
		p->end_ns = 0;
	p->failed = failed;
	text(p->who.pod_uid, sizeof(p->who.pod_uid), "u-1");
	text(p->message, sizeof(p->message), "not found");
	return p;
}

Test(prepared, what_was_fetched_in_vain_is_tried_again)
{
	struct cluster *cl = cluster_new(true);
	const struct seen *s;

	starts(cl, "s1", "", 0, 100, false);
	pulls(cl, 110, 200, true);
	passes(cl, 60150);
	cr_expect_eq(cl->run.count, 0, "it will be tried again");
	pulls(cl, 10200, 10300, true);
	passes(cl, 60250);
	starts(cl, "a1", "app", 30300, 30400, true);
	passes(cl, 70000);
	s = only(cl, CT_RECORD_POD_START);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 0, 30400);
	expect_phase(s, CT_PHASE_KUBELET, 10);
	expect_phase(s, CT_PHASE_PULL, 90 + 100);
	expect_phase(s, CT_PHASE_BACKOFF, 10000 + 20000);
	expect_phase(s, CT_PHASE_CONTAINERS, 100);
	expect_tiled(s);
	cr_expect_str_eq(s->steps[2].name, "pull");
	cr_expect_str_eq(s->steps[2].detail, "nginx:2");
	cr_expect_str_eq(s->steps[2].actor, "engine");
	cluster_free(cl);
}

/* In the order of time, whoever did it: fetched in vain, and then a volume is mounted. */
Test(prepared, what_is_fetched_before_what_is_mounted)
{
	struct cluster *cl = cluster_new(false);
	struct ct_pull *p;
	const struct seen *s;

	starts_of(cl, UID, "s1", "", 0, 100);
	p = pulls(cl, 110, 200, true);
	text(p->who.pod_uid, sizeof(p->who.pod_uid), UID);
	mounts(cl, 902, 210, 250, "mount|tmpfs|" VOLUMES "one");
	starts_of(cl, UID, "a1", "app", 300, 400);
	passes(cl, 60000);
	s = only(cl, CT_RECORD_POD_START);
	expect_span(s, 0, 400);
	expect_phase(s, CT_PHASE_PULL, 90);
	expect_phase(s, CT_PHASE_BACKOFF, 10 + 50);
	expect_phase(s, CT_PHASE_VOLUMES, 40);
	expect_phase(s, CT_PHASE_KUBELET, 10);
	expect_tiled(s);
	cluster_free(cl);
}

Test(prepared, what_cannot_be_fetched)
{
	struct cluster *cl = cluster_new(false);
	const struct seen *s;
	struct ct_pull *p;

	starts(cl, "s1", "", 0, 100, false);
	starts(cl, "a1", "app", 100, 200, true);
	p = pulls(cl, 200, 0, false);
	passes(cl, 50000);
	cr_expect_eq(cl->run.count, 0, "it is under way");
	p->end_ns = MS(50000);
	p->failed = true;
	passes(cl, 109000);
	cr_expect_eq(cl->run.count, 0, "it may be tried again");
	passes(cl, 112000);
	s = only(cl, CT_RECORD_POD_START);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_PULL);
	cr_expect_str_eq(s->message, "not found");
	expect_span(s, 0, 50000);
	expect_phase(s, CT_PHASE_PULL, 49800);
	expect_tiled(s);
	cluster_free(cl);
}

/* It was fetched for another, or before. */
Test(prepared, what_is_fetched_for_others)
{
	struct cluster *cl = cluster_new(false);
	struct ct_pull *p;

	pulls(cl, -100, -50, true);
	starts(cl, "s1", "", 0, 100, false);
	p = pulls(cl, 110, 150, true);
	text(p->who.pod_uid, sizeof(p->who.pod_uid), "u-2");
	p = pulls(cl, 110, 150, false);
	starts(cl, "a1", "app", 200, 300, true);
	passes(cl, 6000);
	expect_phase(only(cl, CT_RECORD_POD_START), CT_PHASE_KUBELET, 100);
	cr_expect_eq(cl->run.seen[0].rec.seen >> CT_PHASE_BACKOFF & 1, 0);
	cluster_free(cl);
}
