// SPDX-License-Identifier: GPL-2.0-only
/* By which connections an image was fetched: what the kernel says of those that an engine asks for. */
#include "core/book/links.h"

#include "docker_pulls.h"

#define SOCKET PULL_SOCKET
#define PULL   PULL_LINE("a%2Fweb")
#define OTHER  PULL_LINE("a%2Fother")
#define NAME   "reg.test:5000/a/web:1"
#define PORT   5000
#define INET   2
#define INET6  10

static struct run *new_run(void)
{
	struct run *run = run_new();

	life_engines(&run->t);
	return run;
}

/* Its number is when it was asked for, in ms. Nothing is set that `is` does not say. */
static struct ct_event *linked(struct tape *t, double ms, int number, enum ct_linked is,
			       double since_ms, uint64_t received)
{
	struct ct_linked_tail tail = { .address = { 192, 0, 2, 1 }, .resent = 2, .disordered = 3 };
	struct ct_event *e;

	tape_at(t, ms);
	e = tape_add(t, CT_KIND_LINKED, LIFE_DOCKERD, &tail, sizeof(tail));
	e->sub = (uint16_t)(is | INET << 8);
	e->ret = number;
	e->dur_ns = (uint64_t)(since_ms * 1e6);
	e->obj = received;
	e->arg = PORT | 40000u << 16 | 150ull << 32;
	return e;
}

/* What the engine says first by the connection of that number. */
static struct ct_event *names(struct tape *t, double ms, int number, const char *host,
			      enum ct_named named)
{
	struct ct_event *e;

	tape_at(t, ms);
	e = tape_add(t, CT_KIND_LINKED, LIFE_DOCKERD, host, strlen(host));
	e->sub = CT_LINKED_NAMED | INET << 8;
	e->ret = number;
	e->obj = named;
	return e;
}

/* Asked for then, there half a millisecond later. */
static void link_whole(struct tape *t, double asked, double end, uint64_t received)
{
	linked(t, asked + 0.5, (int)asked, CT_LINKED_MADE, 0.5, 0);
	linked(t, end, (int)asked, CT_LINKED_FINISHED, end - asked - 0.5, received);
}

/* Two layers that wait for no other; lines are later than what they speak of. Sockets are between. */
static void lines(struct tape *t)
{
	pull_status(t, 130, SOCKET, "aaa", "Pulling fs layer");
	pull_status(t, 130, SOCKET, "bbb", "Pulling fs layer");
	pull_status(t, 130, SOCKET, "bbb", "Waiting");
	pull_downloads(t, 190, SOCKET, "aaa", 1, 1000000);
	pull_downloads(t, 195, SOCKET, "bbb", 1, 50000);
	pull_status(t, 200, SOCKET, "bbb", "Download complete");
	pull_status(t, 210, SOCKET, "aaa", "Extracting"); /* that it was fetched was never said */
	pull_status(t, 250, SOCKET, "aaa", "Pull complete");
	pull_status(t, 251, SOCKET, "bbb", "Extracting");
	pull_status(t, 270, SOCKET, "bbb", "Pull complete");
	pull_is_done(t, 280, SOCKET, NAME);
}

static void sockets(struct tape *t)
{
	link_whole(t, 101, 104, 400); /* whether there is a registry */
	link_whole(t, 110, 115, 1500); /* manifest */
	link_whole(t, 131, 205, 1000420);
	link_whole(t, 140, 198, 50420);
	link_whole(t, 141, 150, 1900); /* config */
}

static const struct seen *pull_of(struct run *run, const char *name)
{
	tape_sort(&run->t);
	play(run);
	return find(run, CT_RECORD_PULL, name, 0);
}

Test(pulls_links, of_each_layer)
{
	struct run *run = new_run();
	const struct seen *s;

	pull_begins(&run->t, 100, 20, SOCKET, PULL);
	lines(&run->t);
	sockets(&run->t);
	s = pull_of(run, NAME);
	cr_assert_eq(s->fetched.layer_count, 2);
	cr_expect_eq(s->layers[0].link.asked_ns, tape_ns(131));
	cr_expect_eq(s->layers[0].link.made_ns, tape_ns(131.5));
	cr_expect_eq(s->layers[0].link.end_ns, tape_ns(205));
	cr_expect_eq(s->layers[0].link.received, 1000420);
	cr_expect_eq(s->layers[0].link.rtt_us, 150);
	cr_expect_eq(s->layers[0].first_ns, tape_ns(131), "not when 0.1 s of its bytes were there");
	cr_expect_eq(s->layers[0].first_by, CT_PROVED_SOCKET);
	cr_expect_eq(s->layers[0].fetched_ns, tape_ns(205), "its line was never said");
	cr_expect_eq(s->layers[0].fetched_by, CT_PROVED_SOCKET);
	cr_expect_not(s->layers[0].bounded);
	cr_expect_eq(s->layers[1].first_ns, tape_ns(140), "it waited until then");
	cr_expect_eq(s->layers[1].fetched_ns, tape_ns(200), "its line is better");
	cr_expect_eq(s->layers[1].fetched_by, CT_PROVED_LINE);
	expect_tiled(s);
	expect_nothing_odd(run);
	run_free(run);
}

Test(pulls_links, what_it_took_to_connect_is_a_step)
{
	static const struct {
		const char *name;
		double begin, end;
	} steps[] = {
		{ "layer", 130, 250 },
		{ "connect", 130, 131.5 },
		{ "download", 131.5, 205 },
		{ "unpack", 205, 250 },
		{ "layer", 130, 270 },
		{ "wait for a slot", 130, 140 },
		{ "connect", 140, 140.5 },
		{ "download", 140.5, 200 },
		{ "wait for the layer before", 200, 250 },
		{ "unpack", 250, 270 },
	};
	struct run *run = new_run();
	const struct seen *s;

	run->opts.steps = true;
	pull_begins(&run->t, 100, 20, SOCKET, PULL);
	lines(&run->t);
	sockets(&run->t);
	s = pull_of(run, NAME);
	cr_assert_eq(s->rec.step_count, CT_ARRAY_SIZE(steps));
	for (size_t i = 0; i < CT_ARRAY_SIZE(steps); i++) {
		cr_expect_str_eq(s->steps[i].name, steps[i].name);
		cr_expect_eq(s->steps[i].begin_ns, tape_ns(steps[i].begin), "%zu", i);
		cr_expect_eq(s->steps[i].end_ns, tape_ns(steps[i].end), "%zu", i);
	}
	run_free(run);
}

Test(pulls_links, of_a_pull)
{
	struct run *run = new_run();
	const struct seen *s;
	const struct ct_linked_peer *p;

	link_whole(&run->t, 50, 60, 777); /* before it */
	pull_begins(&run->t, 100, 20, SOCKET, PULL);
	lines(&run->t);
	sockets(&run->t);
	linked(&run->t, 142, 900, CT_LINKED_FAILED, 1, 0);
	link_whole(&run->t, 300, 310, 777); /* behind it */
	s = pull_of(run, NAME);
	cr_assert_eq(s->fetched.peer_count, 1);
	p = &s->fetched.peers[0];
	cr_expect_eq(p->peer.port, PORT);
	cr_expect_arr_eq(p->peer.address, ((uint8_t[16]){ 192, 0, 2, 1 }), 16);
	cr_expect_not(p->peer.v6);
	cr_expect_eq(p->asked, 6);
	cr_expect_eq(p->failed, 1);
	cr_expect_eq(p->open, 0);
	cr_expect_eq(p->connect_ns, TAPE_MS / 2);
	cr_expect_eq(p->rtt_us, 150);
	cr_expect_eq(p->received, 400 + 1500 + 1000420 + 50420 + 1900);
	cr_expect_eq(p->resent, 12);
	cr_expect_eq(p->disordered, 18);
	cr_expect_not(s->fetched.links_shared);
	run_free(run);
}

/* Its next state was said before that connection ended: it was fetched no later than that, whatever came by it then. */
Test(pulls_links, what_ends_behind_the_next_state)
{
	struct run *run = new_run();
	const struct seen *s;

	pull_begins(&run->t, 100, 20, SOCKET, PULL);
	lines(&run->t);
	link_whole(&run->t, 131, 215, 1000420);
	s = pull_of(run, NAME);
	cr_expect_eq(s->layers[0].link.received, 1000420);
	cr_expect_eq(s->layers[0].fetched_ns, tape_ns(210));
	cr_expect_eq(s->layers[0].fetched_by, CT_PROVED_BOUND);
	run_free(run);
}

/* Kept for what may come next: what came by it is not known when the pull is told. */
Test(pulls_links, what_is_kept_open)
{
	struct run *run = new_run();
	const struct seen *s;

	pull_begins(&run->t, 100, 20, SOCKET, PULL);
	lines(&run->t);
	linked(&run->t, 131.5, 1, CT_LINKED_MADE, 0.5, 777); /* what it has got by then */
	s = pull_of(run, NAME);
	cr_assert_eq(s->fetched.peer_count, 1);
	cr_expect_eq(s->fetched.peers[0].open, 1);
	cr_expect_eq(s->fetched.peers[0].received, 0);
	cr_expect_eq(s->fetched.peers[0].connect_ns, TAPE_MS / 2);
	cr_expect_eq(s->layers[0].link.asked_ns, 0);
	cr_expect_eq(s->layers[0].first_by, CT_PROVED_BOUND);
	cr_expect_eq(s->layers[0].fetched_by, CT_PROVED_BOUND);
	run_free(run);
}

/* Two connections fit a layer, or two layers a connection: nobody knows which it was. */
Test(pulls_links, what_may_be_of_either)
{
	struct run *run = new_run();
	const struct seen *s;

	pull_begins(&run->t, 100, 20, SOCKET, PULL);
	pull_status(&run->t, 130, SOCKET, "aaa", "Pulling fs layer");
	pull_status(&run->t, 130, SOCKET, "bbb", "Pulling fs layer");
	pull_status(&run->t, 130, SOCKET, "ccc", "Pulling fs layer");
	pull_downloads(&run->t, 190, SOCKET, "aaa", 1, 500000);
	pull_downloads(&run->t, 190, SOCKET, "bbb", 1, 500100);
	pull_downloads(&run->t, 190, SOCKET, "ccc", 1, 700000);
	link_whole(&run->t, 131, 198, 500520); /* one was never heard of */
	link_whole(&run->t, 132, 198, 700420);
	link_whole(&run->t, 133, 198, 700420);
	pull_status(&run->t, 200, SOCKET, "aaa", "Download complete");
	pull_status(&run->t, 200, SOCKET, "bbb", "Download complete");
	pull_status(&run->t, 200, SOCKET, "ccc", "Download complete");
	pull_status(&run->t, 250, SOCKET, "aaa", "Pull complete");
	pull_status(&run->t, 260, SOCKET, "bbb", "Pull complete");
	pull_status(&run->t, 270, SOCKET, "ccc", "Pull complete");
	pull_is_done(&run->t, 280, SOCKET, NAME);
	s = pull_of(run, NAME);
	cr_assert_eq(s->fetched.layer_count, 3);
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(s->layers[i].link.asked_ns, 0, "layer %d", i);
		cr_expect_eq(s->layers[i].first_by, CT_PROVED_BOUND);
	}
	run_free(run);
}

/* What is asked for before a layer is known, or has another size, is something else. */
Test(pulls_links, what_fits_no_layer)
{
	static const struct {
		double asked;
		uint64_t received;
	} rows[] = {
		{ 110, 1000420 }, /* before it was known */
		{ 211, 1000420 }, /* it was there already */
		{ 131, 1000010 }, /* there is no header that short */
		{ 131, 1020000 }, /* nor that much of anything */
		{ 131, 900000 }, /* a part of it */
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct run *run = new_run();

		pull_begins(&run->t, 100, 20, SOCKET, PULL);
		lines(&run->t);
		link_whole(&run->t, rows[i].asked, 213, rows[i].received);
		cr_expect_eq(pull_of(run, NAME)->layers[0].link.asked_ns, 0, "row %zu", i);
		run_free(run);
	}
}

/* What an engine says by a connection is news of it: of too many the one that was heard of last goes last. */
Test(pulls_links, who_is_named_was_heard_of)
{
	struct run *run = new_run();
	struct ct_core *core = core_of(run);

	linked(&run->t, 100, 1, CT_LINKED_MADE, 0.5, 0);
	names(&run->t, 200, 1, "reg.test", CT_NAMED_SNI);
	tape_feed(&run->t, core);
	ct_core_flush(core);
	cr_assert(ct_link_next(core, LIFE_DOCKERD, NULL));
	cr_expect_eq(ct_link_next(core, LIFE_DOCKERD, NULL)->held.heard_ns, tape_ns(200));
	ct_core_free(core);
	run_free(run);
}

/* Two pulls of one engine at once: connections are of either; a layer is known by its size all the same. */
Test(pulls_links, of_two_at_once)
{
	struct run *run = new_run();
	const struct seen *s;

	pull_begins(&run->t, 90, 20, PULL_OTHER_SOCKET, OTHER);
	pull_begins(&run->t, 100, 20, SOCKET, PULL);
	pull_status(&run->t, 130, PULL_OTHER_SOCKET, "ccc", "Pulling fs layer");
	pull_downloads(&run->t, 190, PULL_OTHER_SOCKET, "ccc", 1, 50100);
	lines(&run->t);
	sockets(&run->t);
	s = pull_of(run, NAME);
	cr_expect(s->fetched.links_shared);
	cr_expect_eq(s->layers[0].link.received, 1000420);
	cr_expect_eq(s->layers[1].link.asked_ns, 0, "a layer of the other fits as well");
	run_free(run);
}

Test(pulls_links, of_several_sides)
{
	struct run *run = new_run();
	const struct seen *s;
	struct ct_event *e;

	pull_begins(&run->t, 100, 20, SOCKET, PULL);
	lines(&run->t);
	for (int i = 0; i < CT_LINKED_PEERS + 2; i++) {
		e = linked(&run->t, 140 + i, i, CT_LINKED_MADE, 1, 0);
		e->tail[3] = (char)(i + 1);
		e->sub = (uint16_t)(CT_LINKED_MADE | (i == 1 ? INET6 : INET) << 8);
	}
	s = pull_of(run, NAME);
	cr_assert_eq(s->fetched.peer_count, CT_LINKED_PEERS);
	cr_expect_eq(s->fetched.peers_beyond, 2);
	cr_expect(s->fetched.peers[1].peer.v6);
	cr_expect_eq(s->fetched.peers[3].peer.address[3], 4);
	run_free(run);
}

/* A registry and a store of blobs behind one address, and a connection that was not used. */
Test(pulls_links, whom_they_ask_for)
{
	static const struct {
		const char *host;
		size_t asked;
		enum ct_named named;
	} rows[] = {
		{ "reg.test", 2, CT_NAMED_SNI },
		{ "blobs.test", 1, CT_NAMED_HOST },
		{ "", 1, CT_NAMED_NONE },
	};
	struct run *run = new_run();
	const struct seen *s;

	pull_begins(&run->t, 100, 20, SOCKET, PULL);
	lines(&run->t);
	sockets(&run->t);
	names(&run->t, 101.7, 101, "reg.test", CT_NAMED_SNI);
	names(&run->t, 110.7, 110, "reg.test:5000", CT_NAMED_HOST);
	names(&run->t, 131.7, 131, "blobs.test:5000", CT_NAMED_HOST);
	names(&run->t, 131.8, 131, "reg.test", CT_NAMED_HOST); /* the first word counts */
	names(&run->t, 140.7, 140, "[2001:db8::1]:5000", CT_NAMED_HOST);
	s = pull_of(run, NAME);
	cr_assert_eq(s->fetched.peer_count, 4);
	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		const struct ct_linked_peer *p = &s->fetched.peers[i < 2 ? i : i + 1];

		cr_expect_str_eq(p->peer.host, rows[i].host);
		cr_expect_eq(p->asked, rows[i].asked, "%s", rows[i].host);
		cr_expect_eq(p->peer.named, rows[i].named);
	}
	cr_expect_str_eq(s->fetched.peers[2].peer.host, "2001:db8::1", "in its order");
	cr_expect_str_eq(s->layers[0].link.peer.host, "blobs.test");
	expect_nothing_odd(run);
	run_free(run);
}

/* What was asked for and not used, or refused, is of the only host that is asked for there. */
Test(pulls_links, who_says_nothing)
{
	struct run *run = new_run();
	const struct seen *s;

	pull_begins(&run->t, 100, 20, SOCKET, PULL);
	lines(&run->t);
	linked(&run->t, 101, 1, CT_LINKED_FAILED, 0.5, 0);
	link_whole(&run->t, 110, 115, 1500);
	link_whole(&run->t, 131, 205, 1000420);
	names(&run->t, 110.7, 110, "reg.test", CT_NAMED_SNI);
	s = pull_of(run, NAME);
	cr_assert_eq(s->fetched.peer_count, 1);
	cr_expect_eq(s->fetched.peers[0].asked, 3);
	cr_expect_str_eq(s->fetched.peers[0].peer.host, "reg.test");
	cr_expect_eq(s->fetched.peers[0].connect_ns, TAPE_MS / 2);
	cr_expect_str_eq(s->layers[0].link.peer.host, "", "which it was for is not known");
	run_free(run);
}

/* Whoever made the recording: nothing of it is a host, or of a connection that is known. */
Test(pulls_links, what_names_nobody)
{
	static const struct {
		const char *host;
		int number;
		uint64_t named;
		const char *told;
	} rows[] = {
		{ "reg.test:443", 110, CT_NAMED_CONNECT, "reg.test:443" },
		{ "reg.test:05000", 110, CT_NAMED_HOST, "reg.test" },
		{ "reg.test:50000000000", 110, CT_NAMED_HOST, "reg.test:50000000000" },
		{ ":5000", 110, CT_NAMED_HOST, ":5000" },
		{ "[", 110, CT_NAMED_HOST, "[" },
		{ "[]", 110, CT_NAMED_HOST, "[]" },
		{ "reg.test", 110, CT_NAMED_NONE, "" },
		{ "reg.test", 110, CT_NAMED_MAX, "" },
		{ "reg.test", 110, 1ull << 32 | CT_NAMED_SNI, "" },
		{ "reg.test", 111, CT_NAMED_SNI, "" },
		{ "", 110, CT_NAMED_SNI, "" },
		{ "reg\033[2Jtest", 110, CT_NAMED_SNI, "" },
		{ "me:secret@reg.test", 110, CT_NAMED_HOST, "" },
		{ "r\303\251g.test", 110, CT_NAMED_HOST, "" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct run *run = new_run();
		const struct seen *s;

		pull_begins(&run->t, 100, 20, SOCKET, PULL);
		lines(&run->t);
		link_whole(&run->t, 110, 115, 1500);
		names(&run->t, 110.7, rows[i].number, rows[i].host, (enum ct_named)0)->obj =
			rows[i].named;
		s = pull_of(run, NAME);
		cr_assert_eq(s->fetched.peer_count, 1);
		cr_expect_str_eq(s->fetched.peers[0].peer.host, rows[i].told, "row %zu", i);
		run_free(run);
	}
}

/* The longest that is told, and one more. */
Test(pulls_links, names_have_an_end)
{
	for (size_t len = CT_HOST_LEN - 1; len <= CT_HOST_LEN; len++) {
		struct run *run = new_run();
		char host[CT_HOST_LEN + 1] = "";

		memset(host, 'a', len);
		pull_begins(&run->t, 100, 20, SOCKET, PULL);
		lines(&run->t);
		link_whole(&run->t, 110, 115, 1500);
		names(&run->t, 110.7, 110, host, CT_NAMED_SNI);
		cr_expect_str_eq(pull_of(run, NAME)->fetched.peers[0].peer.host,
				 len < CT_HOST_LEN ? host : "");
		run_free(run);
	}
}

/* Nothing of it makes a connection: too short, of no meaning, of another process. */
Test(pulls_links, what_is_none)
{
	struct run *run = new_run();

	pull_begins(&run->t, 100, 20, SOCKET, PULL);
	lines(&run->t);
	linked(&run->t, 140, 1, CT_LINKED_MADE, 1, 0)->tail_len = 8;
	linked(&run->t, 141, 2, CT_LINKED_MAX, 1, 0);
	linked(&run->t, 142, 3, 0, 1, 0);
	linked(&run->t, 143, 4, CT_LINKED_MADE, 1, 0)->tgid = LIFE_CLIENT;
	linked(&run->t, 144, 5, CT_LINKED_FINISHED, 1e9, 5); /* longer than there was time */
	cr_expect_eq(pull_of(run, NAME)->fetched.peer_count, 0);
	run_free(run);
}

/* Podman's end when it exits, behind that: they are its all the same. */
Test(pulls_links, of_a_command)
{
	struct run *run = run_new();
	const struct seen *s;

	tape_at(&run->t, 100);
	tape_exec(&run->t, 700, CT_ROLE_ENGINE, 1, "podman", "pull", NAME, TAPE_END);
	linked(&run->t, 131.5, 1, CT_LINKED_MADE, 0.5, 0)->tgid = 700;
	tape_at(&run->t, 200);
	tape_exit(&run->t, 700, CT_ROLE_ENGINE, 0);
	linked(&run->t, 201, 1, CT_LINKED_CLOSED, 69.5, 5000)->tgid = 700;
	play_until(run, 5000);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	cr_assert_eq(s->fetched.peer_count, 1);
	cr_expect_eq(s->fetched.peers[0].open, 0);
	cr_expect_eq(s->fetched.peers[0].received, 5000);
	run_free(run);
}

/* Of many some are forgotten, which is counted if they are new. */
Test(pulls_links, more_than_there_can_be)
{
	struct run *run = new_run();

	for (int i = 0; i < 1024 + 10; i++)
		linked(&run->t, 100 + i * 0.001, i, CT_LINKED_MADE, 0.1, 0);
	play(run);
	cr_expect_eq(run->counts.lost[CT_LOSS_TALK], 10);
	run_free(run);
}
