// SPDX-License-Identifier: GPL-2.0-only
/* Who has asked for an image, and what for. */
#include "runs.h"

#define SOCKET 4000
#define PULL   "POST /v1.41/images/create?fromImage=reg.test%2Fa%2Fweb&tag=1"
#define CREATE "POST /v1.41/containers/create?name=web"
#define NAME   "reg.test/a/web:1"

static struct run *run_of(const char *agent)
{
	struct run *run = run_new();

	life_engines(&run->t);
	run->t.agent = agent;
	run->t.engine = LIFE_DOCKERD;
	return run;
}

static const struct seen *pulled(struct run *run, double ms)
{
	struct tape *t = &run->t;

	tape_at(t, ms);
	tape_http_request(t, LIFE_CLIENT, SOCKET, PULL, NULL);
	tape_http_answer(t, LIFE_DOCKERD, SOCKET, 200, NULL);
	tape_at(t, ms + 50);
	tape_http_chunk(t, LIFE_DOCKERD, SOCKET,
			"{\"status\":\"Status: Downloaded newer image for " NAME "\"}");
	play_until(run, 5000);
	return find(run, CT_RECORD_PULL, NAME, 0);
}

Test(pulls_askers, clients_say_what_they_are)
{
	static const struct {
		const char *agent, *name;
	} rows[] = {
		{ NULL, "" },
		{ "Docker-Client/28.2.2 (linux)", "docker" },
		{ "docker-compose/1.29.2 docker-py/5.0.0 Linux/6.18", "docker-compose" },
		{ "compose/v2.40.3", "docker compose" },
		{ "Go-http-client/1.1", "Go-http-client" },
		{ "curl", "curl" },
		{ "<b>/1", "" }, /* no product is called so */
		{ "a-name-that-is-longer-than-all-that-there-are/1", "" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct run *run = run_of(rows[i].agent);
		const struct seen *s = pulled(run, 100);

		cr_expect_eq(s->fetched.client, LIFE_CLIENT);
		cr_expect_str_eq(s->fetched.client_name, rows[i].name, "%zu: %s", i,
				 s->fetched.client_name);
		cr_expect_eq(s->fetched.client_by,
			     rows[i].name[0] ? CT_CLIENT_AGENT : CT_CLIENT_NONE);
		cr_expect_not(s->fetched.for_container);
		run_free(run);
	}
}

static void heard(struct tape *t, double ms, uint32_t pid, const char *name, const char *image)
{
	char tail[CT_COMM_LEN + 64] = "";
	struct ct_event *e;

	memcpy(tail, name, strlen(name));
	memcpy(tail + CT_COMM_LEN, image, strlen(image));
	tape_at(t, ms);
	e = tape_add(t, CT_KIND_ASKER, pid, tail, CT_COMM_LEN + strlen(image));
	e->sub = *image ? CT_ASKER_IMAGE : CT_ASKER_NAMED;
	e->root = t->engine;
}

/* What it says itself says more than the name of its program, which may be that of a language. */
Test(pulls_askers, else_the_name_of_the_program_is_told)
{
	static const struct {
		const char *agent, *name;
		uint32_t exits;
		enum ct_client_by by;
	} rows[] = {
		{ NULL, "python3", 0, CT_CLIENT_PROGRAM },
		{ NULL, "a-name-of-15-by", 0, CT_CLIENT_PROGRAM },
		{ "docker-compose/1.29.2", "docker-compose", 0, CT_CLIENT_AGENT },
		{ NULL, "", LIFE_CLIENT, CT_CLIENT_NONE }, /* this pid is another's by now */
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct run *run = run_of(rows[i].agent);
		const struct seen *s;

		heard(&run->t, 90, LIFE_CLIENT,
		      rows[i].by == CT_CLIENT_PROGRAM ? rows[i].name : "python3", "");
		if (rows[i].exits) {
			tape_at(&run->t, 95);
			tape_exit(&run->t, rows[i].exits, CT_ROLE_NONE, 0);
		}
		s = pulled(run, 100);
		cr_expect_str_eq(s->fetched.client_name, rows[i].name, "%zu: %s", i,
				 s->fetched.client_name);
		cr_expect_eq(s->fetched.client_by, rows[i].by);
		expect_nothing_odd(run);
		run_free(run);
	}
}

Test(pulls_askers, who_runs_a_container_wants_it_for_that)
{
	struct run *run = run_of("Docker-Client/20.10.24 (linux)");
	const struct seen *s;

	tape_at(&run->t, 100);
	tape_http_request(&run->t, LIFE_CLIENT, SOCKET, CREATE, "{\"Image\":\"" NAME "\"}");
	tape_at(&run->t, 105);
	tape_http_answer(&run->t, LIFE_DOCKERD, SOCKET, 404,
			 "{\"message\":\"No such image: " NAME "\"}");
	s = pulled(run, 110);
	cr_expect_str_eq(s->fetched.client_name, "docker");
	cr_expect(s->fetched.for_container);
	cr_expect_str_eq(s->fetched.container, "web");
	run_free(run);
}
