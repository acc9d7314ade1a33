// SPDX-License-Identifier: GPL-2.0-only
/* Images that containerd fetches for a kubelet: its files tell what becomes of them (containerd 1.6). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "grpc.h"
#include "runs.h"
#include "stored.h"

#define PULL     "/runtime.v1.ImageService/PullImage"
#define NAME     "reg.test:5000/a/web:1"
#define INFLATES 950

static void asks(struct tape *t, double ms, uint32_t stream)
{
	char spec[128], msg[256], pod[64], metadata[64];
	size_t n = grpc_put_text(spec, 1, NAME), m;

	n = tape_put_bytes(msg, 1, spec, n);
	n += tape_put_bytes(msg + n, 2, "\x0a\x02me", 4); /* who may */
	m = grpc_put_text(metadata, 1, "web");
	m += grpc_put_text(metadata + m, 2, "u1");
	m += grpc_put_text(metadata + m, 3, "shop");
	m = tape_put_bytes(pod, 1, metadata, m);
	n += tape_put_bytes(msg + n, 3, pod, m);
	tape_at(t, ms);
	grpc_asks(t, stream, PULL, NULL, msg, n);
}

static void answered(struct tape *t, double ms, uint32_t stream)
{
	char msg[128];
	size_t n = grpc_put_text(msg, 1, CONFIG);

	tape_at(t, ms);
	grpc_answers(t, stream, msg, n);
}

/* Two layers, of which the second is there first. */
static void fetched(struct tape *t, double ms)
{
	stored_blob(t, "aa", ms + 10, ms + 20, 900);
	stored_blob(t, "cc", ms + 24, ms + 26, 400);
	stored_changed(t, ms + 30);
	stored_blob(t, "01", ms + 31, ms + 80, 400000);
	stored_blob(t, "02", ms + 32, ms + 60, 300000);
	stored_layer(t, ms + 70, 0, 2, "01", 400000);
	stored_layer(t, ms + 70, 1, 2, "02", 300000);
	stored_no_manifest(t, ms + 71);
	stored_synced(t, ms + 118, LISTED, "metadata.db", 131072, false); /* it grows */
	stored_changed(t, ms + 120);
	stored_changed(t, ms + 125);
	stored_changed(t, ms + 160);
}

Test(pulls_stored, phases_and_layers)
{
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;
	const struct seen *s;

	asks(t, 100, 1);
	fetched(t, 100);
	answered(t, 270, 1);
	tape_sort(t);
	play_until(run, 90000);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 100, 270);
	expect_phase(s, CT_PHASE_RESOLVE, 22);
	expect_phase(s, CT_PHASE_DOWNLOAD, 58); /* until the first layer is there */
	expect_phase(s, CT_PHASE_UNPACK, 80);
	expect_phase(s, CT_PHASE_REGISTER, 10);
	cr_expect_str_eq(s->who.engine, "containerd");
	cr_expect_str_eq(s->who.pod_uid, "u1");
	cr_expect_str_eq(s->who.pod_ns, "shop");
	cr_expect_str_eq(s->fetched.digest, "sha256:" MANIFEST);
	cr_expect_eq(s->fetched.client, CLIENT);
	cr_expect_str_eq(s->fetched.client_name, "kubelet");
	cr_expect_eq(s->fetched.client_by, CT_CLIENT_POD);
	cr_expect_str_eq(s->layers[0].unpacker.name, "containerd");
	cr_expect_str_eq(s->layers[1].unpacker.name, "containerd");
	cr_assert_eq(s->fetched.layer_count, 2);
	cr_expect_str_eq(s->layers[0].digest, "sha256:01" DIGEST);
	cr_expect_str_eq(s->layers[0].id, "01dddddddddd");
	cr_expect_str_eq(s->layers[0].type, "tar");
	cr_expect_eq(s->layers[0].size, 400000);
	cr_expect_eq(s->layers[0].first_ns, tape_ns(131));
	cr_expect_eq(s->layers[0].fetched_ns, tape_ns(180));
	cr_expect_eq(s->layers[0].fetched_by, CT_PROVED_FILE);
	cr_expect_eq(s->layers[0].unpacking_ns, tape_ns(180));
	cr_expect_eq(s->layers[0].unpacked_ns, tape_ns(218));
	cr_expect_eq(s->layers[1].unpacking_ns, tape_ns(226));
	cr_expect_eq(s->layers[1].unpacking_by, CT_PROVED_BOUND);
	cr_expect_eq(s->layers[1].unpacked_ns, tape_ns(260));
	cr_expect_eq(s->layers[1].unpacked_by, CT_PROVED_FILE);
	expect_nothing_odd(run);
	run_free(run);
}

/*
 * Of 64 letters, and no hash: it is neither a directory that containerd fetches into nor a blob's name, and user space is
 * asked for no manifest of it.
 */
Test(pulls_stored, what_is_no_hash_is_no_blob)
{
	static const char *const others[] = { "0g", "A0", "`0", "0:", "G1" };
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;

	for (size_t i = 0; i < CT_ARRAY_SIZE(others); i++) {
		char digits[80];

		stored_blob(t, others[i], 100 + 20 * (double)i, 104 + 20 * (double)i, 700);
		snprintf(digits, sizeof(digits), "%s" DIGEST, others[i]);
		stored_synced(t, 110 + 20 * (double)i, HASH "05", "data", 700, false);
		stored_emptied(t, 112 + 20 * (double)i, HASH "05", digits);
	}
	stored_blob(t, "af", 300, 310, 700);
	stored_blob(t, "09", 320, 330, 700);
	tape_sort(t);
	play_until(run, 90000);
	cr_expect_eq(run->manifests, 2);
	run_free(run);
}

/* Who inflates a layer is executed when its unpacking begins. */
Test(pulls_stored, a_program_inflates)
{
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;
	const struct seen *s;

	asks(t, 100, 1);
	fetched(t, 100);
	tape_at(t, 229);
	tape_fork(t, LIFE_CONTAINERD, INFLATES, CT_ROLE_ENGINE);
	tape_at(t, 230);
	tape_exec(t, INFLATES, CT_ROLE_HELPER, LIFE_HOST_NETNS, "unpigz", "-d", "-c", TAPE_END);
	tape_at(t, 255);
	tape_exit(t, INFLATES, CT_ROLE_HELPER, 0);
	answered(t, 270, 1);
	tape_sort(t);
	play_until(run, 90000);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	cr_assert_eq(s->fetched.layer_count, 2);
	cr_expect_eq(s->layers[1].unpacking_ns, tape_ns(230));
	cr_expect_eq(s->layers[1].unpacking_by, CT_PROVED_PROCESS);
	cr_expect_str_eq(s->layers[1].inflater.name, "unpigz");
	cr_expect_eq(s->layers[1].inflater.pid, INFLATES);
	run_free(run);
}

/* What is known of the manifest may come later than the answer; then nobody waits for ever. */
Test(pulls_stored, the_manifest_may_come_late_or_never)
{
	for (unsigned never = 0; never < 2; never++) {
		struct run *run = run_of_containerd();
		struct tape *t = &run->t;
		const struct seen *s;

		asks(t, 100, 1);
		stored_blob(t, "aa", 110, 120, 900);
		stored_blob(t, "01", 131, 180, 400000);
		answered(t, 270, 1);
		if (!never)
			stored_layer(t, 350, 0, 1, "01", 400000);
		tape_sort(t);
		play_until(run, 90000);
		s = find(run, CT_RECORD_PULL, NAME, 0);
		expect_outcome(s, CT_OUTCOME_OK);
		expect_span(s, 100, 270);
		cr_expect_eq(s->fetched.layer_count, never ? 0 : 1);
		cr_expect_not(s->fetched.up_to_date);
		run_free(run);
	}
}

Test(pulls_stored, what_is_up_to_date_and_what_is_refused)
{
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;
	const struct seen *s;

	asks(t, 100, 1);
	stored_synced(t, 110, "io.containerd.metadata.v1.bolt", "meta.db", 131072, true);
	answered(t, 120, 1);
	asks(t, 200, 3);
	tape_at(t, 240);
	grpc_refuses(t, 3, "not found");
	play_until(run, 90000);
	s = find(run, CT_RECORD_PULL, NAME, 1); /* it waits for what its engine has written down */
	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect(s->fetched.up_to_date);
	expect_phase(s, CT_PHASE_RESOLVE, 20);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_str_eq(s->message, "not found");
	expect_phase(s, CT_PHASE_RESOLVE, 40);
	run_free(run);
}

/* Where no sync is heard, nothing is known of it: it may all have been fetched. */
Test(pulls_stored, what_no_file_tells_of_is_unknown)
{
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;
	const struct seen *s;

	asks(t, 100, 1);
	answered(t, 120, 1);
	play_until(run, 90000);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect_not(s->fetched.up_to_date);
	expect_phase(s, CT_PHASE_UNKNOWN, 20);
	cr_expect_eq(s->rec.missing, 1u << CT_PHASE_UNPACK,
		     "so nothing is said of what bounded it");
	run_free(run);
}

/* While another image is fetched by the same engine nobody knows whose layers it unpacks. */
Test(pulls_stored, two_at_once_are_not_mixed_up)
{
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;
	const struct seen *s;

	asks(t, 100, 1);
	asks(t, 101, 3);
	fetched(t, 100);
	answered(t, 270, 1);
	answered(t, 272, 3);
	tape_sort(t);
	play_until(run, 90000);
	for (unsigned i = 0; i < 2; i++) {
		s = find(run, CT_RECORD_PULL, NAME, i);
		expect_outcome(s, CT_OUTCOME_OK);
		cr_assert_eq(s->fetched.layer_count, 2);
		cr_expect_eq(s->layers[1].fetched_ns, tape_ns(160));
		cr_expect_eq(s->layers[1].unpacked_ns, 0);
		cr_expect(s->rec.missing & 1u << CT_PHASE_UNPACK);
	}
	run_free(run);
}

/* The kubelet asks for the image, then for the container: that is where its start begins. */
Test(pulls_stored, a_container_in_a_pod_begins_with_its_pull)
{
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;
	const struct seen *s;

	grpc_makes_pod(t);
	asks(t, 100, 3);
	fetched(t, 100);
	answered(t, 270, 3);
	tape_at(t, 272);
	grpc_creates_in_pod(t, 5, "nginx", CONFIG);
	tape_at(t, 280);
	grpc_answers_id(t, 5, BOX);
	grpc_runs(t, 300, "k8s.io", BOX);
	tape_sort(t);
	play_until(run, 90000);
	s = find(run, CT_RECORD_START, "web/nginx", 0);
	cr_expect_eq(s->rec.begin_ns, tape_ns(100));
	expect_phase(s, CT_PHASE_PULL, 170);
	expect_phase(s, CT_PHASE_CREATE, 8);
	cr_expect_str_eq(s->who.image, NAME);
	s = find(run, CT_RECORD_POD_START, "web", 0);
	expect_phase(s, CT_PHASE_PULL, 170);
	run_free(run);
}
