// SPDX-License-Identifier: GPL-2.0-only
/*
 * Images that clients of containerd fetch themselves, or let it fetch by its transfer service: by what is asked of
 * containerd, and what it stores (containerd 1.6 and 2.1).
 */
#include "ctr_pulls.h"

Test(pulls_client, what_ctr_fetches_itself)
{
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;
	const struct seen *s;

	fetches(t, 100);
	keeps(t, 185);
	s = pull_of(run, NAME);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 100, 250);
	expect_phase(s, CT_PHASE_RESOLVE, 17);
	expect_phase(s, CT_PHASE_DOWNLOAD,
		     63); /* until all is there: nothing is unpacked before that */
	expect_phase(s, CT_PHASE_UNPACK, 60);
	expect_phase(s, CT_PHASE_REGISTER, 10);
	cr_expect_str_eq(s->who.engine, "containerd");
	cr_expect_str_eq(s->who.ns, "default");
	cr_expect_str_eq(s->fetched.digest, "sha256:" MANIFEST);
	cr_expect_eq(s->fetched.client, CLIENT);
	cr_assert_eq(s->fetched.layer_count, 2);
	cr_expect_eq(s->layers[0].fetched_ns, tape_ns(180));
	cr_expect_eq(s->layers[0].unpacking_ns, tape_ns(190));
	cr_expect_eq(s->layers[0].unpacked_ns, tape_ns(210));
	cr_expect_eq(s->layers[1].unpacked_by, CT_PROVED_REQUEST);
	cr_expect_eq(s->layers[1].turn_ns, tape_ns(210));
	expect_nothing_odd(run);
	run_free(run);
}

/* It has no limit: what it comes to late, when another layer is there already, has not waited for a slot. */
Test(pulls_client, what_ctr_comes_to_late)
{
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;
	const struct seen *s;

	resolves(t, 100);
	writes(t, 120, 5, "layer-" LAYER("01"));
	stored_blob(t, "01", 121, 140, 400000);
	ends(t, 143, 5);
	writes(t, 150, 7, "layer-" LAYER("02"));
	stored_blob(t, "02", 152, 180, 300000);
	ends(t, 183, 7);
	keeps(t, 185);
	s = pull_of(run, NAME);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_assert_eq(s->fetched.layer_count, 2);
	cr_expect_eq(s->layers[1].first_ns, tape_ns(152));
	cr_expect_not(s->layers[1].waited);
	expect_nothing_odd(run);
	run_free(run);
}

/* A client that has each layer unpacked when it is there waits for no other: the last holds it up by its bytes. */
Test(pulls_client, what_is_unpacked_before_all_is_there)
{
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;
	const struct seen *s;

	resolves(t, 100);
	writes(t, 120, 5, "layer-" LAYER("01"));
	writes(t, 120, 7, "layer-" LAYER("02"));
	stored_blob(t, "01", 121, 130, 400000);
	ends(t, 133, 5);
	applies(t, 135, 150, 11, LAYER("01"));
	stored_blob(t, "02", 122, 180, 300000);
	ends(t, 183, 7);
	saves(t, 185, 9, "sha256:" MANIFEST);
	applies(t, 190, 210, 13, LAYER("02"));
	lease(t, 250, 15, LEASES "Delete", LEASE);
	s = pull_of(run, NAME);
	cr_assert_eq(s->fetched.layer_count, 2);
	cr_expect_eq(s->layers[0].turn_ns, s->layers[0].fetched_ns);
	cr_expect_eq(s->layers[1].turn_ns, s->layers[1].fetched_ns);
	expect_tiled(s);
	run_free(run);
}

/* What was there already in another namespace is unpacked; what is there altogether is up to date. */
Test(pulls_client, what_is_there_already)
{
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;
	const struct seen *s;

	fetches(t, 100);
	saves(t, 185, 9, "sha256:" MANIFEST);
	lease(t, 250, 15, LEASES "Delete", LEASE);
	for (double ms = 300; ms < 600; ms += 200) {
		uint32_t stream = (uint32_t)ms | 1;

		lease(t, ms, stream, LEASES "Create", LEASE);
		writes(t, ms + 10, stream + 2, "manifest-sha256:" MANIFEST);
		saves(t, ms + 20, stream + 4, "sha256:" MANIFEST);
		if (ms < 400)
			applies(t, ms + 30, ms + 40, stream + 6, LAYER("02"));
		lease(t, ms + 50, stream + 8, LEASES "Delete", LEASE);
	}
	play_sorted(run);
	s = find(run, CT_RECORD_PULL, NAME, 1);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 300, 350);
	cr_assert_eq(s->fetched.layer_count, 2);
	cr_expect(s->layers[0].there);
	cr_expect(s->layers[1].stored);
	cr_expect_not(s->layers[1].there);
	cr_expect_eq(s->layers[1].unpacked_ns, tape_ns(340));
	cr_expect_not(s->fetched.up_to_date);
	s = find(run, CT_RECORD_PULL, NAME, 2);
	expect_span(s, 500, 550);
	cr_expect(s->fetched.up_to_date);
	run_free(run);
}

/* Nobody says why; what is given back unsaved has failed, and so has what its client leaves behind. */
Test(pulls_client, what_fails)
{
	for (unsigned how = 0; how < 3; how++) {
		struct run *run = run_of_containerd();
		struct tape *t = &run->t;
		const struct seen *s;

		fetches(t, 100);
		if (how == 0) {
			lease(t, 200, 15, LEASES "Delete", LEASE);
		} else if (how == 1) {
			tape_at(t, 200);
			tape_exit(t, CLIENT, CT_ROLE_NONE, 1);
		} else {
			saves(t, 185, 9, "sha256:" MANIFEST);
			applies(t, 190, 0, 11, LAYER("01"));
			tape_at(t, 195);
			grpc_refuses(t, 11, "no space left on device");
			lease(t, 200, 15, LEASES "Delete", LEASE);
		}
		s = pull_of(run, how == 2 ? NAME : "sha256:" MANIFEST);
		expect_outcome(s, CT_OUTCOME_FAILED);
		expect_span(s, 100, 200);
		cr_expect_eq(s->fetched.interrupted, how == 1);
		if (how == 2)
			cr_expect_str_eq(s->message, "no space left on device");
		run_free(run);
	}
}

/* Messages by their fields: text(), and what is in() another; both() one behind the other. */
struct msg {
	char bytes[512];
	size_t len;
};

static struct msg text(uint32_t field, const char *value)
{
	struct msg m;

	m.len = grpc_put_text(m.bytes, field, value);
	return m;
}

static struct msg in(uint32_t field, struct msg inner)
{
	struct msg m;

	m.len = tape_put_bytes(m.bytes, field, inner.bytes, inner.len);
	return m;
}

static struct msg both(struct msg a, struct msg b)
{
	cr_assert_lt(a.len + b.len, sizeof(a.bytes));
	memcpy(a.bytes + a.len, b.bytes, b.len);
	a.len += b.len;
	return a;
}

static struct msg number(uint32_t field, uint64_t value)
{
	struct msg m;

	m.len = tape_put_number(m.bytes, field, value);
	return m;
}

#define TYPES   "containerd.types.transfer."
#define UPDATE  SERVICES "content.v1.Content/Update"
#define CREATE  SERVICES "images.v1.Images/Create"
#define APPLY   SERVICES "diff.v1.Diff/Apply"
#define FETCH   SERVICES "transfer.v1.Transfer/Transfer"
#define PULL    "/runtime.v1.ImageService/PullImage"
#define OCI     "application/vnd.oci.image.layer.v1.tar+gzip"
#define SOURCE  "containerd.io/distribution.source.reg.test"
#define WHOLE   "sha256:" MANIFEST
#define NOTHING ((struct msg){ .len = 0 })

/* What the client's requests lack, each of something else, adds nothing to what it fetches, and is no pull. */
Test(pulls_client, what_lacks_something)
{
	const struct msg registry = both(text(1, TYPES "OCIRegistry"), in(2, text(1, "other:1")));
	const struct {
		const char *method;
		struct msg msg;
	} lacking[] = {
		{ PULL, NOTHING },
		{ PULL, in(1, text(2, "other:1")) },
		{ PULL, in(1, text(1, "")) },
		{ FETCH, NOTHING },
		{ FETCH, in(1, text(2, "other:1")) },
		{ FETCH, in(1, text(1, TYPES "OCIRegistry")) },
		{ FETCH, in(1, registry) },
		{ FETCH, both(in(1, registry), in(2, text(1, TYPES "ImageArchive"))) },
		{ FETCH,
		  both(in(1, both(text(1, TYPES "OCIRegistry"), in(2, text(1, "")))),
		       in(2, both(text(1, TYPES "ImageStore"), in(2, text(1, "other:1"))))) },
		{ FETCH,
		  both(in(1, both(text(1, TYPES "OCIRegistry"), in(2, text(2, "who")))),
		       in(2, both(text(1, TYPES "ImageStore"), in(2, text(1, "other:1"))))) },
		{ SERVICES "content.v1.Content/Write", NOTHING },
		{ SERVICES "content.v1.Content/Write", text(2, "manifest") },
		{ SERVICES "content.v1.Content/Write", text(2, "manifest-sha256:") },
		{ SERVICES "content.v1.Content/Write", text(2, "manifest-sha256:no digest") },
		{ UPDATE, NOTHING },
		{ UPDATE, in(1, text(2, WHOLE)) },
		{ UPDATE, in(1, text(1, "md5:00")) },
		{ UPDATE, in(1, both(text(1, WHOLE), number(5, 1))) },
		{ UPDATE, in(1, both(text(1, WHOLE), in(5, text(2, "a/other")))) },
		{ UPDATE, in(1, both(text(1, WHOLE), in(5, text(1, SOURCE)))) },
		{ UPDATE, in(1, both(text(1, WHOLE),
				     in(5, both(text(1, "a label"), text(2, "a/other"))))) },
		{ CREATE, NOTHING },
		{ CREATE, in(1, text(2, "other:1")) },
		{ CREATE, in(1, text(1, "")) },
		{ CREATE, in(1, text(1, "other:1")) },
		{ CREATE, in(1, both(text(1, "other:1"), in(3, text(1, OCI)))) },
		{ CREATE, in(1, both(text(1, "other:1"), in(3, text(2, "sha256:")))) },
		{ LEASES "Delete", NOTHING },
		{ LEASES "Delete", text(1, "") },
		{ LEASES "Delete", text(1, "another") },
		{ APPLY, NOTHING },
		{ APPLY, in(1, text(2, LAYER("01"))) },
		{ APPLY, in(1, both(text(1, "text/plain"), text(2, LAYER("01")))) },
		{ APPLY, in(1, text(1, OCI)) },
		{ APPLY, in(1, both(text(1, OCI), text(2, "sha256:none"))) },
		{ APPLY, in(1, both(text(1, OCI), text(3, LAYER("01")))) },
	};
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;
	const struct seen *s;

	fetches(t, 100);
	for (unsigned i = 0; i < CT_ARRAY_SIZE(lacking); i++) {
		asks(t, 184 + 0.02 * i, 101 + 2 * i, lacking[i].method, LEASE, lacking[i].msg.bytes,
		     lacking[i].msg.len);
		answered(t, 184.01 + 0.02 * i, 101 + 2 * i);
	}
	keeps(t, 185);
	play_sorted(run);
	cr_assert_eq(count(run, CT_RECORD_PULL), 1);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 100, 250);
	cr_expect_str_eq(s->fetched.digest, WHOLE);
	cr_assert_eq(s->fetched.layer_count, 2);
	cr_expect_eq(s->layers[0].unpacking_ns, tape_ns(190));
	cr_expect_eq(s->layers[1].unpacking_ns, tape_ns(212));
	expect_nothing_odd(run);
	run_free(run);
}

/* Of what never gets a name its source is one, once the manifest is labelled with that. */
Test(pulls_client, what_is_known_by_its_source)
{
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;
	const struct {
		const char *digest, *what;
	} labels[] = { { LAYER("01"), "a/layer" }, { WHOLE, "a/web" }, { WHOLE, "a/again" } };
	const struct seen *s;

	fetches(t, 100);
	for (unsigned i = 0; i < CT_ARRAY_SIZE(labels); i++) {
		struct msg pair = both(text(1, SOURCE), text(2, labels[i].what));
		struct msg m = in(1, both(text(1, labels[i].digest), in(5, pair)));

		asks(t, 184 + i, 101 + 2 * i, UPDATE, LEASE, m.bytes, m.len);
		answered(t, 184.5 + i, 101 + 2 * i);
	}
	lease(t, 250, 15, LEASES "Delete", LEASE);
	s = pull_of(run, "reg.test/a/web@" WHOLE);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 100, 250);
	cr_expect_str_eq(s->who.image, "reg.test/a/web@" WHOLE);
	cr_expect_str_eq(s->message,
			 "its client has given up: the engine was not told of an image");
	run_free(run);
}

static size_t put_any(char *to, uint32_t field, const char *type, const char *name)
{
	char any[200], in[128];
	size_t n = grpc_put_text(any, 1, type);

	n += tape_put_bytes(any + n, 2, in, grpc_put_text(in, 1, name));
	return tape_put_bytes(to, field, any, n);
}

static void transfers(struct tape *t, double ms, uint32_t stream, const char *from, const char *to)
{
	char msg[400];
	size_t n = put_any(msg, 1, from, NAME);

	n += put_any(msg + n, 2, to, NAME);
	asks(t, ms, stream, SERVICES "transfer.v1.Transfer/Transfer", NULL, msg, n);
}

/* Only what comes from a registry is a pull. */
Test(pulls_client, what_the_transfer_service_fetches)
{
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;
	const struct seen *s;

	transfers(t, 50, 1, TYPES "ImageStore", TYPES "OCIRegistry");
	answered(t, 60, 1);
	transfers(t, 100, 3, TYPES "OCIRegistry", TYPES "ImageStore");
	stored_blob(t, "aa", 110, 120, 900);
	stored_layer(t, 125, 0, 1, "01", 400000);
	stored_changed(t, 126);
	stored_blob(t, "01", 131, 180, 400000);
	stored_changed(t, 200);
	answered(t, 210, 3);
	play_sorted(run);
	cr_assert_eq(count(run, CT_RECORD_PULL), 1);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 100, 210);
	cr_expect_str_eq(s->fetched.digest, "sha256:" MANIFEST);
	cr_assert_eq(s->fetched.layer_count, 1);
	cr_expect_eq(s->layers[0].unpacked_ns, tape_ns(200));
	run_free(run);
}

static void told(struct tape *t, double ms, enum ct_kind kind, unsigned number, unsigned arg,
		 const char *tail, size_t len)
{
	struct ct_event *e;

	tape_at(t, ms);
	e = tape_add(t, kind, LIFE_CONTAINERD, tail, len);
	e->sub = (uint16_t)number;
	e->arg = arg;
	e->obj = 5000 + number;
	e->dur_ns = tape_ns(200 + 10 * number) + 7000000000000;
}

#define UNPACKED_TAIL "cc" DIGEST "\0default"
#define IMAGE_TAIL    "default\0" NAME "\0sha256:" MANIFEST

/*
 * Two at once: what each is is known by its name, when its layers were whole by the engine's database, and what
 * that says of another time is not of this pull.
 */
Test(pulls_client, what_was_fetched_at_once)
{
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;
	const struct seen *s;

	run->opts.wall_minus_mono_ns = 7000000000000;
	transfers(t, 100, 3, TYPES "OCIRegistry", TYPES "ImageStore");
	transfers(t, 101, 5, TYPES "OCIRegistry", TYPES "ImageStore");
	stored_blob(t, "aa", 110, 120, 900);
	stored_layer(t, 125, 0, 2, "01", 400000);
	stored_layer(t, 125, 1, 2, "02", 300000);
	stored_blob(t, "01", 131, 180, 400000);
	stored_blob(t, "02", 132, 170, 300000);
	answered(t, 205, 5);
	answered(t, 220, 3);
	told(t, 221, CT_KIND_IMAGE, 0, 1, IMAGE_TAIL, sizeof(IMAGE_TAIL));
	for (unsigned n = 0; n < 4; n++)
		told(t, 223 + n, CT_KIND_UNPACKED, n % 2, 2, UNPACKED_TAIL, sizeof(UNPACKED_TAIL));
	play_sorted(run);
	for (unsigned i = 0; i < 2; i++) {
		s = find(run, CT_RECORD_PULL, NAME, i);
		expect_outcome(s, CT_OUTCOME_OK);
		cr_assert_eq(s->fetched.layer_count, 2);
		cr_expect_eq(s->layers[0].files, 5000);
		cr_expect_eq(s->layers[0].unpacked_by, CT_PROVED_DATABASE);
		cr_expect_eq(s->layers[0].unpacked_ns, tape_ns(200));
		/* the first that is told has fetched it; 210 is behind the end of one of them */
		cr_expect_eq(s->layers[0].shared, i == 1);
		cr_expect_eq(s->layers[1].unpacked_ns,
			     s->rec.end_ns == tape_ns(220) ? tape_ns(210) : 0);
	}
	run_free(run);
}

/* Who reads a database that changes meanwhile reads it again: what was asked later is answered first. */
Test(pulls_client, what_is_answered_in_another_order)
{
	static const char other[] = "dd" DIGEST "\0default";
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;
	const struct seen *s;

	run->opts.wall_minus_mono_ns = 7000000000000;
	transfers(t, 100, 3, TYPES "OCIRegistry", TYPES "ImageStore");
	stored_blob(t, "aa", 110, 120, 900);
	stored_layer(t, 125, 0, 1, "01", 400000);
	stored_blob(t, "01", 131, 180, 400000);
	answered(t, 220, 3);
	told(t, 221, CT_KIND_IMAGE, 0, 1, IMAGE_TAIL, sizeof(IMAGE_TAIL));
	told(t, 223, CT_KIND_UNPACKED, 0, 0, other, sizeof(other));
	told(t, 224, CT_KIND_UNPACKED, 0, 1, UNPACKED_TAIL, sizeof(UNPACKED_TAIL));
	s = pull_of(run, NAME);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect_eq(s->layers[0].unpacked_by, CT_PROVED_DATABASE);
	cr_expect_eq(s->layers[0].unpacked_ns, tape_ns(200));
	run_free(run);
}
