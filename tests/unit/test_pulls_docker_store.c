// SPDX-License-Identifier: GPL-2.0-only
/*
 * Images that Docker keeps in the store of containerd (moby 28): by what its clients are told, what it asks of
 * containerd, and what that stores.
 */
#include "grpc.h"
#include "runs.h"
#include "stored.h"

#define LAYER(nn) "sha256:" nn DIGEST

static void docker_asks(struct tape *t, double ms, uint64_t socket)
{
	tape_at(t, ms);
	t->engine = LIFE_DOCKERD;
	tape_http_request(t, LIFE_CLIENT, socket,
			  "POST /v1.48/images/create?fromImage=a%2Fweb&tag=1", NULL);
	tape_at(t, ms + 10);
	tape_http_answer(t, LIFE_DOCKERD, socket, 200, NULL);
}

/* Nobody has heard which method that is: its message says it. */
static void docker_unpacks(struct tape *t, double from, double to, uint32_t stream,
			   const char *digest)
{
	char layer[160], msg[200], message[400];
	size_t n = grpc_put_text(layer, 1, "application/vnd.oci.image.layer.v1.tar+gzip"), m;

	n += grpc_put_text(layer + n, 2, digest);
	m = grpc_put_headers(message, stream, END_BLOCK, "\xbe\xbf\xc0\xc1", 4);
	m += grpc_put_data(message + m, stream, msg, tape_put_bytes(msg, 1, layer, n));
	tape_at(t, from);
	t->engine = 0;
	tape_send(t, LIFE_DOCKERD, SOCKET, message, m);
	tape_at(t, to);
	grpc_answers(t, stream, "", 0);
}

static void docker_ends(struct tape *t, double ms, uint64_t socket)
{
	tape_at(t, ms);
	tape_http_chunk(t, LIFE_DOCKERD, socket, "{\"status\":\"Digest: sha256:" MANIFEST "\"}");
	tape_at(t, ms + 1);
	tape_http_chunk(t, LIFE_DOCKERD, socket,
			"{\"status\":\"Status: Downloaded newer image for a/web:1\"}");
}

/* Docker has its layers fetched and unpacked by another: its requests say when, its lines are late. */
Test(pulls_docker_store, what_docker_keeps_in_the_store)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	docker_asks(t, 100, 4000);
	stored_blob(t, "aa", 111, 120, 900);
	stored_layer(t, 125, 0, 1, "01", 400000);
	stored_blob(t, "01", 131, 180, 400000);
	tape_at(t, 190);
	tape_http_chunk(t, LIFE_DOCKERD, 4000,
			"{\"status\":\"Download complete\",\"id\":\"01dddddddddd\"}");
	docker_unpacks(t, 185, 200, 7, LAYER("01"));
	tape_at(t, 240);
	tape_http_chunk(t, LIFE_DOCKERD, 4000,
			"{\"status\":\"Pull complete\",\"id\":\"01dddddddddd\"}");
	docker_ends(t, 240, 4000);
	tape_sort(t);
	play_until(run, 90000);
	s = find(run, CT_RECORD_PULL, "a/web:1", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_assert_eq(s->fetched.layer_count, 1);
	cr_expect_str_eq(s->layers[0].digest, LAYER("01"));
	cr_expect_eq(s->layers[0].fetched_ns, tape_ns(180));
	cr_expect_eq(s->layers[0].fetched_by, CT_PROVED_FILE);
	cr_expect_eq(s->layers[0].unpacking_ns, tape_ns(185));
	cr_expect_eq(s->layers[0].unpacked_ns, tape_ns(200));
	cr_expect_eq(s->layers[0].unpacked_by, CT_PROVED_REQUEST);
	run_free(run);
}

/*
 * Two clients of Docker want the same: it asks twice for each layer, and who is answered first has made it. The other's
 * answer may come when the next one is whole already.
 */
Test(pulls_docker_store, what_docker_has_unpacked_twice)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	docker_asks(t, 100, 4000);
	docker_asks(t, 101, 4001);
	stored_blob(t, "aa", 112, 120, 900);
	stored_layer(t, 125, 0, 3, "01", 400000);
	stored_layer(t, 125, 1, 3, "02", 300000);
	stored_layer(t, 125, 2, 3, "03", 200000);
	stored_blob(t, "01", 131, 180, 400000);
	stored_blob(t, "02", 132, 170, 300000);
	stored_blob(t, "03", 133, 160, 200000);
	docker_unpacks(t, 185, 200, 7, LAYER("01"));
	docker_unpacks(t, 210, 230, 9, LAYER("02"));
	docker_unpacks(t, 215, 290, 11, LAYER("02")); /* it is there when that is done */
	docker_unpacks(t, 240, 260, 13, LAYER("03"));
	docker_unpacks(t, 245, 255, 15, LAYER("03")); /* it overtakes */
	docker_ends(t, 300, 4000);
	docker_ends(t, 302, 4001);
	tape_sort(t);
	play_until(run, 90000);
	for (unsigned i = 0; i < 2; i++) {
		const struct seen *s = find(run, CT_RECORD_PULL, "a/web:1", i);

		expect_outcome(s, CT_OUTCOME_OK);
		cr_assert_eq(s->fetched.layer_count, 3);
		cr_expect_eq(s->layers[0].unpacked_ns, tape_ns(200));
		cr_expect_eq(s->layers[1].unpacking_ns, tape_ns(210));
		cr_expect_eq(s->layers[1].unpacked_ns, tape_ns(230));
		cr_expect_eq(s->layers[2].unpacking_ns, tape_ns(245));
		cr_expect_eq(s->layers[2].unpacked_ns, tape_ns(255));
		cr_expect_eq(s->layers[2].shared, i == 1);
	}
	run_free(run);
}

/* What another has had unpacked before a pull knew of it was there; what ends later it has waited for. */
Test(pulls_docker_store, what_docker_unpacks_for_another)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	docker_asks(t, 100, 4000);
	stored_blob(t, "aa", 112, 120, 900);
	stored_layer(t, 125, 0, 2, "01", 400000);
	stored_layer(t, 125, 1, 2, "02", 300000);
	stored_blob(t, "01", 131, 150, 400000);
	stored_blob(t, "02", 132, 140, 300000);
	docker_unpacks(t, 155, 160, 7, LAYER("01"));
	docker_unpacks(t, 165, 200, 9, LAYER("02"));
	docker_asks(t, 180, 4001);
	docker_ends(t, 210, 4000);
	docker_ends(t, 212, 4001);
	tape_sort(t);
	play_until(run, 90000);
	s = find(run, CT_RECORD_PULL, "a/web:1", 1);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 180, 213);
	cr_assert_eq(s->fetched.layer_count, 2);
	cr_expect(s->layers[0].there);
	cr_expect(s->layers[1].stored);
	cr_expect_eq(s->layers[1].unpacked_ns, tape_ns(200));
	run_free(run);
}
