// SPDX-License-Identifier: GPL-2.0-only
/* What passes by and is kept: of every way in which a password was seen to travel, not the password. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "core/hear/wire_hpack.h"
#include "distill_play.h"

TestSuite(distill, .init = setup, .fini = teardown);

static void expect_tail(const char *tail)
{
	const struct ct_event *e = kept();

	cr_expect(e->tail_len == strlen(tail) && !memcmp(e->tail, tail, e->tail_len),
		  "kept '%.*s', not '%s'", (int)e->tail_len, e->tail, tail);
}

static const struct {
	const char *sent, *kept;
} http[] = {
	/* docker login */
	{ "POST /v1.41/auth HTTP/1.1\r\nHost: docker\r\nUser-Agent: Docker-Client/28.2.2 (linux)\r\n"
	  "\r\n{\"username\":\"u\",\"password\":\"" CANARY "\"}",
	  "POST /v1.41/auth HTTP/1.1\r\nUser-Agent: Docker-Client/28.2.2 (linux)\r\n\r\n" },
	{ "POST /v1.41/images/create?fromImage=reg%2Fimg&tag=1&fromSrc=" CANARY
	  " HTTP/1.1\r\nX-Registry-Auth: " CANARY "\r\n\r\n",
	  "POST /v1.41/images/create?fromImage=reg%2Fimg&tag=1 HTTP/1.1\r\n\r\n" },
	{ "POST /build?buildargs=%7B%22PW%22%3A%22" CANARY
	  "%22%7D&t=img HTTP/1.1\r\nX-Registry-Config: " CANARY "\r\n\r\n",
	  "POST /build?t=img HTTP/1.1\r\n\r\n" },
	{ "POST /v1.41/secrets/create HTTP/1.1\r\n\r\n{\"Name\":\"n\",\"Data\":\"" CANARY "\"}",
	  "POST /v1.41/secrets/create HTTP/1.1\r\n\r\n" },
	{ "POST /v1.41/swarm/join HTTP/1.1\r\nHost: docker\r\n\r\n{\"JoinToken\":\"" CANARY "\"}",
	  "POST /v1.41/swarm/* HTTP/1.1\r\n\r\n" },
	{ "POST /bot" CANARY "/send HTTP/1.1\r\n\r\n", "POST /*/* HTTP/1.1\r\n\r\n" },
	{ "DELETE /v1.41/containers/web?force=1&v=1 HTTP/1.1\r\nAuthorization: Basic " CANARY
	  "\r\n\r\n",
	  "DELETE /v1.41/containers/web HTTP/1.1\r\n\r\n" },
	{ "POST /v1.41/containers/web/kill?signal=HUP HTTP/1.1\r\nX-Password: " CANARY "\r\n\r\n",
	  "POST /v1.41/containers/web/kill?signal=HUP HTTP/1.1\r\n\r\n" },
	/* What the container is to be, in a body. */
	{ "POST /v1.41/containers/create?name=web HTTP/1.1\r\nHost: h\r\n\r\n"
	  "{\"Env\":[\"PW=" CANARY "\"],\"Cmd\":[\"" CANARY "\"],\"Image\":\"nginx:1\","
	  "\"Labels\":{\"a\":\"" CANARY "\"},\"HostConfig\":{\"Binds\":[\"" CANARY "\"],"
	  "\"Runtime\":\"runsc\",\"AutoRemove\":true}}",
	  "POST /v1.41/containers/create?name=web HTTP/1.1\r\n\r\n"
	  "{\"Image\":\"nginx:1\",\"HostConfig\":{\"Runtime\":\"runsc\",\"AutoRemove\":true}}" },
	{ "{\"Image\":\"a\",\"Labels\":{\"com.docker.compose.config-hash\":\"" CANARY
	  "\",\"com.docker.compose.project\":\"shop\",\"com.docker.compose.service\":\"web\"}}",
	  "{\"Image\":\"a\",\"Labels\":{\"com.docker.compose.project\":\"shop\","
	  "\"com.docker.compose.service\":\"web\"}}" },
	{ "{\"Env\":[\"PW=" CANARY
	  "\"],\"Image\":\"a\",\"HostConfig\":{\"Runtime\":\"a\\\"b\\u00e9\\n\"}}",
	  "{\"Image\":\"a\",\"HostConfig\":{\"Runtime\":\"a\\\"b\xc3\xa9\\n\"}}" },
	{ "{\"username\":\"u\",\"password\":\"" CANARY "\"}", "{}" },
	/* It does not end: what is in it is not known. */
	{ "{\"Image\":\"nginx\",\"Env\":[\"PW=" CANARY, "" },
	{ "{" CANARY "}", "" },
};

Test(distill, http_keeps_what_marks_need)
{
	for (size_t i = 0; i < sizeof(http) / sizeof(http[0]); i++) {
		tape_send(&tape, 7, CLIENT, http[i].sent, strlen(http[i].sent));
		expect_tail(http[i].kept);
		cr_expect_not(has(kept(), CANARY));
	}
}

/* That it was made, and nothing else. */
Test(distill, http_that_reads)
{
	static const char line[] = "GET /" CANARY " HTTP/1.1\r\n\r\n";

	tape_send(&tape, 7, CLIENT, line, sizeof(line) - 1);
	expect_tail("GET /");
}

Test(distill, http_line_that_was_cut)
{
	static const char line[] = "POST /v1.41/containers/create?name=we";

	for (size_t n = 5; n < sizeof(line); n++) {
		tape_send(&tape, 7, CLIENT, line, n);
		kept();
	}
}

static void answer(const char *text)
{
	struct ct_event *e = tape_add(&tape, CT_KIND_SEND, 8, text, strlen(text));

	e->obj = CLIENT + 1;
	e->arg = CLIENT;
	e->flags |= CT_F_SERVER;
}

#define TOKEN "HTTP/1.1 200 OK\r\n\r\n{\"IdentityToken\":\"" CANARY "\",\"Id\":\"" CANARY "\"}"
#define MADE \
	"HTTP/1.1 201 Created\r\nA: " CANARY "\r\n\r\n{\"Id\":\"" ID "\",\"Warnings\":[\"" CANARY \
	"\"]}"
#define FAILED "HTTP/1.1 409 Conflict\r\n\r\n{\"message\":\"in use\"}"

static const struct {
	const char *sent, *kept;
} progress[] = {
	{ "66\r\n{\"status\":\"Downloading\",\"progressDetail\":{\"current\":12,\"total\":345},"
	  "\"progress\":\"[" CANARY "]\",\"id\":\"231a9b90302d\"}\r\n",
	  "1\r\n{\"status\":\"Downloading\",\"id\":\"231a9b90302d\","
	  "\"progressDetail\":{\"current\":12,\"total\":345}}" },
	{ "40\r\n{\"status\":\"Pull complete\",\"progressDetail\":{},\"id\":\"231a9b90302d\"}\r\n",
	  "1\r\n{\"status\":\"Pull complete\",\"id\":\"231a9b90302d\"}" },
	{ "40\r\n{\"status\":\"" CANARY " and more\",\"id\":\"" CANARY "!\"}\r\n",
	  "1\r\n{\"status\":\"*\"}" },
	{ "2c\r\n{\"errorDetail\":{\"message\":\"gone\"},\"error\":\"" CANARY "\"}\r\n",
	  "1\r\n{\"errorDetail\":{\"message\":\"gone\"}}" },
	{ "2c\r\n{\"errorDetail\":{\"message\":\"at x://me:" CANARY "@a\"}}\r\n",
	  "1\r\n{\"errorDetail\":{\"message\":\"at x://*@a\"}}" },
};

#define WHY    "2c\r\n{\"errorDetail\":{\"message\":\"The command 'login " CANARY "' failed\"}}\r\n"
#define NO_WHY "1\r\n{\"errorDetail\":{\"message\":\"*\"}}"

/* Why a build failed is the command that did, and what it was given. So may be what an older connection says. */
Test(distill, lines_of_a_build)
{
	static const char build[] = "POST /v1.41/build?t=x HTTP/1.1\r\n\r\n";

	answer(WHY);
	expect_tail(NO_WHY);
	answer("40\r\n{\"status\":\"said\",\"id\":\"" CANARY "\"}\r\n");
	expect_tail("1\r\n{\"status\":\"*\"}");
	tape_send(&tape, 7, CLIENT, build, sizeof(build) - 1);
	kept();
	answer(WHY);
	expect_tail(NO_WHY);
}

Test(distill, lines_of_a_pull)
{
	static const char pull[] = "POST /v1.41/images/create?fromImage=x HTTP/1.1\r\n\r\n";

	tape_send(&tape, 7, CLIENT, pull, sizeof(pull) - 1);
	kept();
	for (size_t i = 0; i < sizeof(progress) / sizeof(progress[0]); i++) {
		answer(progress[i].sent);
		expect_tail(progress[i].kept);
	}
}

/* What a sentence says, and what is kept of it: not what it quotes. */
static const struct {
	const char *said, *kept;
} sentences[] = {
	{ "Head \\\"http://me:***@a:1/x?signature=" CANARY "\\\": dial tcp a:1",
	  "Head \\\"http://*\\\": dial tcp a:1" },
	{ "Get https://a/v2/x?token=" CANARY "&b=1 failed", "Get https://a/v2/x?* failed" },
	{ "invalid address x://me:" CANARY "@a:1: too many colons",
	  "invalid address x://*@a:1: too many colons" },
	{ "not allowed: me:" CANARY "@a/x", "not allowed: *@a/x" },
	{ "http://me:p=" CANARY "@a/x and http://b:c@d", "http://* and http://*@d" },
	{ "mount a:/x:/y, data: name=me,secret=" CANARY ": no such device",
	  "mount a:/x:/y, data: name=*: no such device" },
	{ "exec: '/x#y=" CANARY "': not found", "exec: '/x#*': not found" },
	{ "invalid environment variable: =" CANARY, "invalid environment variable: =*" },
	{ "invalid environment variable: =my " CANARY " is: this",
	  "invalid environment variable: =*" },
	{ "mount //me:my " CANARY "@1.2.3.4/x:/y, data: addr=1.2.3.4,password=my " CANARY
	  ": 1 : denied",
	  "mount *@1.2.3.4/x:/y, data: addr=*: denied" },
	{ "resolve \\\"me:my " CANARY "@a:1/x\\\": not found",
	  "resolve \\\"*@a:1/x\\\": not found" },
	{ "exec: \\\"/x?y=my " CANARY "\\\": stat it", "exec: \\\"/x?*\\\": stat it" },
	{ "parse 'x://me:my " CANARY "@a:1': bad", "parse 'x://*@a:1': bad" },
	{ "said \\\"a=" CANARY " b: not this\\\" and c 'why' d",
	  "said \\\"a=*: not this\\\" and c 'why' d" },
	{ "stat /x?y=my " CANARY ": no such file", "stat /x?*: no such file" },
	{ "'a' is not b=" CANARY " or 'c'", "'a' is not b=* or 'c'" },
	{ "at http://a:80/x, docker://me:tag, x://[::1]:1 and b",
	  "at http://a:80/x, docker://me:tag, x://[::1]:1 and b" },
	{ "lookup x://a: no such host as b@sha256:0", "lookup x://a: no such host as b@sha256:0" },
	{ "no a/x@sha256:0123 here", "no a/x@sha256:0123 here" },
	{ "time=\\\"now\\\" level=error msg=\\\"gone\\\"",
	  "time=\\\"now\\\" level=error msg=\\\"gone\\\"" },
	{ "code = Unknown desc = why? #1 ? @ = :// x",
	  "code = Unknown desc = why? #1 ? @ = :// x" },
};

Test(distill, sentences)
{
	static const char create[] = "POST /containers/create?name=web HTTP/1.1\r\n\r\n";
	char text[512];

	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
		tape_send(&tape, 7, CLIENT, create, sizeof(create) - 1);
		kept();
		snprintf(text, sizeof(text), "HTTP/1.1 500 Error\r\n\r\n{\"message\":\"%s\"}",
			 sentences[i].said);
		answer(text);
		snprintf(text, sizeof(text), "HTTP/1.1 500\r\n\r\n{\"message\":\"%s\"}",
			 sentences[i].kept);
		expect_tail(text);
	}
}

/* Behind it there is a stream: a container may write what looks like an answer to a terminal. */
Test(distill, one_answer_to_a_request)
{
	static const char attach[] = "POST /v1.41/containers/web/attach?stream=1 HTTP/1.1\r\n\r\n";
	static const char forged[] = "HTTP/1.1 500 Error\r\n\r\n{\"message\":\"" CANARY "\"}";

	for (int i = 0; i < 2; i++) {
		tape_send(&tape, 7, CLIENT, attach, sizeof(attach) - 1);
		kept();
		answer("HTTP/1.1 100 Continue\r\n\r\n");
		kept();
		answer(i ? "HTTP/1.1 101 UPGRADED\r\n\r\n"
			 : "HTTP/1.1 500 Error\r\n\r\n{\"message\":\"why\"}");
		expect_tail(i ? "HTTP/1.1 101\r\n\r\n"
			      : "HTTP/1.1 500\r\n\r\n{\"message\":\"why\"}");
		answer(forged);
		expect_tail("HTTP/1.1 500\r\n\r\n");
		answer("{\"Image\":\"" CANARY "\"}");
		expect_tail("");
		tape_send(&tape, 7, CLIENT + 2, forged, sizeof(forged) - 1); /* input of one */
		expect_tail("HTTP/1.1 500\r\n\r\n");
	}
}

/* Who asks is no part of what an image is called. */
Test(distill, images_that_are_none)
{
	static const char pull[] = "POST /v1.41/images/create?fromImage=me%3A" CANARY
				   "%40a%2Fx&tag=1 HTTP/1.1\r\n\r\n",
			  plain[] = "POST /images/create?fromImage=a%2Fx&tag=" CANARY
				    "?x HTTP/1.1\r\n\r\n",
			  create[] = "POST /containers/create HTTP/1.1\r\n\r\n",
			  body[] = "{\"Image\":\"http://me:" CANARY "@a/x\"}";

	tape_send(&tape, 7, CLIENT, pull, sizeof(pull) - 1);
	expect_tail("POST /v1.41/images/create?tag=1 HTTP/1.1\r\n\r\n");
	tape_send(&tape, 7, CLIENT, plain, sizeof(plain) - 1);
	expect_tail("POST /images/create?fromImage=a%2Fx HTTP/1.1\r\n\r\n");
	tape_send(&tape, 7, CLIENT, create, sizeof(create) - 1);
	kept();
	tape_send(&tape, 7, CLIENT, body, sizeof(body) - 1);
	expect_tail("{\"Image\":\"*\"}");
}

/* Why a pull was refused is kept; why a login was is not. */
Test(distill, refused_pulls)
{
	static const char refused[] = "HTTP/1.1 404 Not Found\r\n\r\n{\"message\":\"gone\"}";
	static const char pull[] = "POST /v1.41/images/create?fromImage=a HTTP/1.1\r\n\r\n";
	static const char login[] = "POST /v1.41/auth HTTP/1.1\r\n\r\n";

	tape_send(&tape, 7, CLIENT, pull, sizeof(pull) - 1);
	kept();
	answer(refused);
	expect_tail("HTTP/1.1 404\r\n\r\n{\"message\":\"gone\"}");
	tape_send(&tape, 7, CLIENT, login, sizeof(login) - 1);
	kept();
	answer(refused);
	expect_tail("HTTP/1.1 404\r\n\r\n");
}

/* An answer has the id of a container, and why one failed; not the token of a login. */
Test(distill, http_answers)
{
	static const char create[] = "POST /containers/create?name=web HTTP/1.1\r\n\r\n",
			  login[] = "POST /auth HTTP/1.1\r\n\r\n";

	tape_send(&tape, 7, CLIENT, login, sizeof(login) - 1);
	kept();
	answer(TOKEN);
	expect_tail("HTTP/1.1 200\r\n\r\n");
	answer("HTTP/1.1 204 No Content\r\nApi-Version: " CANARY
	       "\r\nServer: Docker/28.5.2+dfsg1 (" CANARY ")\r\nDate: " CANARY "\r\n\r\n");
	expect_tail("HTTP/1.1 204\r\nServer: Docker/28.5.2+dfsg1\r\n\r\n");
	answer("HTTP/1.1 204 No Content\r\nServer: " CANARY "\r\n\r\n");
	expect_tail("HTTP/1.1 204\r\n\r\n");
	answer(MADE); /* heard late: something else has been asked meanwhile */
	expect_tail("HTTP/1.1 201\r\n\r\n{\"Id\":\"" ID "\",\"Warnings\":[]}");
	answer(FAILED);
	expect_tail("HTTP/1.1 409\r\n\r\n");
	tape_send(&tape, 7, CLIENT, create, sizeof(create) - 1);
	kept();
	answer(MADE);
	expect_tail("HTTP/1.1 201\r\n\r\n{\"Id\":\"" ID "\",\"Warnings\":[]}");
	tape_send(&tape, 7, CLIENT, create, sizeof(create) - 1);
	kept();
	answer(FAILED);
	expect_tail("HTTP/1.1 409\r\n\r\n{\"message\":\"in use\"}");
}

static void expect_kept(enum ct_role role, const char *args, size_t len, const char *wanted,
			size_t wanted_len)
{
	struct ct_event *e = tape_add(&tape, CT_KIND_EXEC, 7, args, len);
	const struct ct_event *out;

	e->sub = (uint16_t)role;
	out = kept();
	cr_expect(out->tail_len == wanted_len && !memcmp(out->tail, wanted, wanted_len),
		  "kept '%.*s' (%u bytes), not '%s' (%zu)", (int)out->tail_len, out->tail,
		  out->tail_len, wanted, wanted_len);
}

/* What was kept once is kept whenever a recording is written anew. */
static void expect_args(enum ct_role role, const char *args, size_t len, const char *wanted,
			size_t wanted_len)
{
	expect_kept(role, args, len, wanted, wanted_len);
	expect_kept(role, wanted, wanted_len, wanted, wanted_len);
}

#define ARGS(role, args, wanted) \
	expect_args(CT_ROLE_##role, args, sizeof(args) - 1, wanted, sizeof(wanted) - 1)

Test(distill, arguments)
{
	ARGS(ENGINE, "podman\0run\0-e\0PW=" CANARY "\0--creds\0u:" CANARY "\0img\0start\0",
	     "podman\0run\0-*\0*\0-*\0*\0img\0*\0");
	ARGS(ENGINE, "podman\0pull\0-q\0reg/img:1\0", "podman\0pull\0-*\0reg/img:1\0");
	ARGS(ENGINE, "podman\0login\0-u\0me\0--password=" CANARY "\0reg\0",
	     "podman\0*\0-*\0*\0-*\0*\0");
	ARGS(ENGINE, "containerd\0--address\0/run/x\0publish\0--topic\0" CANARY "\0",
	     "containerd\0-*\0*\0publish\0-*\0*\0");
	ARGS(SHIM,
	     "/usr/bin/containerd-shim-runc-v2\0-namespace\0moby\0-id\0" ID
	     "\0-address\0x\0start\0",
	     "/usr/bin/containerd-shim-runc-v2\0-namespace\0moby\0-id\0" ID "\0-*\0*\0start\0");
	ARGS(SHIM,
	     "/usr/bin/conmon\0-c\0" ID
	     "\0-n\0web\0-r\0/usr/bin/runc\0-b\0/b\0--exit-command-arg\0" CANARY "\0",
	     "/usr/bin/conmon\0-c\0" ID "\0-n\0web\0-r\0/usr/bin/runc\0-b\0/b\0-*\0*\0");
	ARGS(SHIM,
	     "/usr/bin/conmon\0-c\0" ID "\0-n\0k8s_web\0-r\0runc\0-p\0/p\0-e\0-l\0/" CANARY
	     "\0--exec-process-spec\0/e\0",
	     "/usr/bin/conmon\0-c\0" ID "\0-n\0k8s_web\0-r\0runc\0-*\0*\0-e\0-*\0*"
	     "\0--exec-process-spec\0*\0");
	ARGS(RUNTIME, "runc\0--root\0/x\0exec\0-e\0PW=" CANARY "\0" ID "\0sh\0-c\0" CANARY "\0",
	     "runc\0-*\0*\0exec\0-*\0*\0" ID "\0*\0-*\0*\0");
	ARGS(RUNTIME, "runc\0run\0--bundle\0/b\0bare-1\0", "runc\0run\0-*\0*\0bare-1\0");
	ARGS(RUNTIME, "runc\0kill\0bare-1\0HUP\0", "runc\0kill\0bare-1\0HUP\0");
	ARGS(RUNTIME, "runc\0kill\0bare-1\0" CANARY "\0", "runc\0kill\0bare-1\0*\0");
	ARGS(RUNTIME, "runsc\0do\0" CANARY "\0x\0" CANARY "\0", "runsc\0do\0*\0*\0*\0");
	ARGS(RUNTIME, "runc\0init\0", "runc\0init\0");
	ARGS(HELPER, "/usr/lib/podman/netavark\0setup\0/x\0" CANARY "\0",
	     "/usr/lib/podman/netavark\0setup\0*\0*\0");
	ARGS(INIT, "mysqld\0--password=" CANARY "\0-p" CANARY "\0start\0\0",
	     "mysqld\0-*\0-*\0*\0\0");
	ARGS(INIT, "postgres: user " CANARY "\0", "postgres:\0");
	ARGS(INIT, "mysqld", "mysqld");
}

/* Whom a command of podman is about: containers that are known, and nothing that is an option's. */
Test(distill, arguments_that_name_a_container)
{
	ARGS(ENGINE, "podman\0stop\0web\0", "podman\0stop\0*\0");
	tape_identity(&tape, 0, "id", ID, "name", "web", TAPE_END);
	kept();
	ARGS(ENGINE, "podman\0stop\0-t\0web\0web\0", "podman\0stop\0-*\0*\0web\0");
	ARGS(ENGINE, "podman\0rm\0-f\0web\0", "podman\0rm\0-*\0web\0");
	ARGS(ENGINE, "podman\0kill\0-s\0HUP\0--password\0web\0003f4e1a\0",
	     "podman\0kill\0-s\0HUP\0-*\0*\0003f4e1a\0");
	ARGS(ENGINE, "podman\0-r\0/x\0volume\0rm\0web\0", "podman\0-*\0*\0volume\0rm\0*\0");
	ARGS(ENGINE, "podman\0secret\0create\0web\0-\0", "podman\0secret\0create\0*\0-\0");
	ARGS(ENGINE, "podman\0image\0pull\0web\0", "podman\0*\0pull\0web\0");
	ARGS(ENGINE, "podman\0container\0cleanup\0--rm\0" ID "\0",
	     "podman\0*\0cleanup\0--rm\0" ID "\0");
}

/* What a command is to fetch: no value of an option, and nothing that only looks like a name. */
Test(distill, arguments_that_name_an_image)
{
	ARGS(ENGINE, "podman\0--root\0/x\0pull\0-q\0reg:5/a/web:1\0",
	     "podman\0-*\0*\0pull\0-*\0reg:5/a/web:1\0");
	ARGS(ENGINE, "podman\0pull\0--creds\0u:" CANARY "\0web\0", "podman\0pull\0-*\0*\0web\0");
	ARGS(ENGINE, "podman\0pull\0--creds=u:" CANARY "\0web\0db\0",
	     "podman\0pull\0-*\0web\0db\0");
	ARGS(ENGINE, "podman\0pull\0u:" CANARY "@reg/web\0", "podman\0pull\0*\0");
	ARGS(ENGINE, "podman\0pull\0reg/web@sha256:0f\0", "podman\0pull\0reg/web@sha256:0f\0");
	ARGS(ENGINE, "podman\0pull\0$" CANARY "\0", "podman\0pull\0*\0");
	ARGS(ENGINE,
	     "podman\0run\0--rm\0-dit\0--name\0a\0-p8080:80\0-e\0PW=" CANARY
	     "\0--pids-limit\0000\0reg/web\0sh\0" CANARY "\0",
	     "podman\0run\0-*\0-*\0--name\0a\0-*\0-*\0*\0-*\0*\0reg/web\0*\0*\0");
	ARGS(ENGINE, "podman\0run\0-p\00080:80\0--name=a\0--\0web\0--name\0" CANARY "\0",
	     "podman\0run\0-*\0*\0--name=a\0-*\0web\0-*\0*\0");
	ARGS(ENGINE, "podman\0create\0-ti\0-vti\0web\0db\0" CANARY "\0",
	     "podman\0create\0-*\0-*\0web\0*\0*\0");
	/* What an option takes that nobody knows; another machine's. */
	ARGS(ENGINE, "podman\0run\0--new\0web\0" CANARY "\0", "podman\0run\0-*\0*\0*\0");
	ARGS(ENGINE, "podman\0--remote\0run\0web\0", "podman\0-*\0run\0*\0");
	ARGS(ENGINE, "podman\0--url=tcp://a\0run\0web\0", "podman\0-*\0run\0*\0");
	ARGS(ENGINE, "skopeo\0copy\0--src-creds\0u:" CANARY "\0docker://web\0dir:/" CANARY "\0",
	     "skopeo\0copy\0-*\0*\0docker://web\0*\0");
	ARGS(ENGINE, "skopeo\0copy\0dir:/" CANARY "\0docker://web\0", "skopeo\0copy\0*\0*\0");
}

Test(distill, more_arguments_than_anybody_looks_at)
{
	char args[1024];
	size_t len = 0;

	for (int i = 0; i < 100; i++)
		len += (size_t)snprintf(args + len, sizeof(args) - len, "a%d", i) + 1;
	tape_add(&tape, CT_KIND_EXEC, 7, args, len)->sub = CT_ROLE_HELPER;
	cr_expect_eq(kept()->tail_len, 3 + 63 * 2);
}

/* Two that do the same are told to, and what they do is not. */
Test(distill, identity)
{
	struct ct_event first;
	char args[64];

	tape_identity(&tape, 5, "id", ID, "secret", CANARY, "image", "nginx", "args",
		      "mysqld --password " CANARY, TAPE_END);
	first = *kept();
	cr_expect_not(has(kept(), CANARY));
	cr_expect(has(kept(), ID));
	cr_expect(has(kept(), "nginx"));
	memcpy(args, kept()->tail + first.tail_len - 17, 17);
	cr_expect_eq(strspn(args, "0123456789abcdef"), 16u);
	cr_expect(has(kept(), args));
	tape_identity(&tape, 5, "id", ID, "args", "mysqld --password other", TAPE_END);
	cr_expect_not(has(kept(), args));
	teardown();
	memset(&tape, 0, sizeof(tape));
	setup();
	tape_identity(&tape, 5, "args", "mysqld --password " CANARY, TAPE_END);
	cr_expect_not(has(kept(), args), "another session has another key");
}

Test(distill, plugin)
{
	static const char sent[] =
		"CNI_COMMAND=ADD\0CNI_PATH=/p\0CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAME=web;PW=" CANARY
		";K8S_POD_UID=u\0CNI_CONTAINERID=" ID "\0";
	static const char wanted[] =
		"CNI_COMMAND=ADD\0CNI_ARGS=K8S_POD_NAME=web;K8S_POD_UID=u\0CNI_CONTAINERID=" ID;

	tape_add(&tape, CT_KIND_PLUGIN, 7, sent, sizeof(sent) - 1);
	cr_expect_eq(kept()->tail_len, sizeof(wanted));
	cr_expect_eq(memcmp(kept()->tail, wanted, sizeof(wanted)), 0);
}

Test(distill, what_a_kubelet_mounts)
{
	static const char sent[] = "mount\0-t\0cifs\0-o\0password=" CANARY
				   "\0//h/s\0/var/lib/kubelet/pods/u-1/volumes/a~b/share\0";
	static const char other[] = "mount\0-o\0password=" CANARY "\0//h/s\0/mnt/" CANARY;
	static const char cgroup[] = "/kubepods/besteffort/podu-1";

	tape_add(&tape, CT_KIND_POD, 7, sent, sizeof(sent) - 1)->sub = CT_POD_MOUNT;
	expect_tail("/var/lib/kubelet/pods/u-1/volumes/a~b/share");
	tape_add(&tape, CT_KIND_POD, 7, other, sizeof(other) - 1)->sub = CT_POD_MOUNT;
	cr_expect_eq(kept()->tail_len, 0);
	tape_add(&tape, CT_KIND_POD, 7, cgroup, sizeof(cgroup) - 1)->sub = CT_POD_CGROUP;
	expect_tail(cgroup);
	tape_add(&tape, CT_KIND_POD, 7, CANARY, sizeof(CANARY))->sub = CT_POD_MAX;
	cr_expect_eq(kept()->tail_len, 0);
}

Test(distill, sandboxes_and_the_network)
{
	static const char app[] = ID "\0mysqld\0--password\0" CANARY;

	tape_add(&tape, CT_KIND_APP, 7, app, sizeof(app) - 1)->sub = CT_APP_EXEC;
	cr_expect_not(has(kept(), CANARY));
	cr_expect(has(kept(), ID "\0"));
	tape_add(&tape, CT_KIND_NETLINK, 7, CANARY, sizeof(CANARY));
	cr_expect_eq(kept()->tail_len, 0);
}

Test(distill, ttrpc)
{
	char body[512], msg[256], whole[600];
	size_t n = 0, m = 0;

	n += tape_put_bytes(msg, 1, ID, 64);
	n += tape_put_bytes(msg + n, 2, "probe", 5);
	n += tape_put_bytes(msg + n, 7, CANARY,
			    strlen(CANARY)); /* the specification: environment */
	n += tape_put_number(msg + n, 9, 77777);
	m += tape_put_bytes(body, 1, "containerd.task.v2.Task", 23);
	m += tape_put_bytes(body + m, 2, "Exec", 4);
	m += tape_put_bytes(body + m, 3, msg, n);
	m += tape_put_bytes(body + m, 5, CANARY, strlen(CANARY)); /* metadata */
	tape_send(&tape, 7, CLIENT, whole, tape_put_ttrpc(whole, 1, 1, body, m));
	cr_expect(has(kept(), "Exec"));
	cr_expect(has(kept(), ID));
	cr_expect_not(
		has(kept(), "probe")); /* of a process that is executed it is enough that it was */
	cr_expect_not(has(kept(), CANARY));
	cr_expect(kept()->tail_len < tape_event(&tape, 0)->tail_len);
}

/* A byte of a number that is kept may look like what stands for what is not. */
Test(distill, every_pid)
{
	static const uint64_t pids[] = { 1, 42, 5375, 5376, 5400, 5503, 5504, 688128, 704511 };

	for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++) {
		const struct ct_event *e;

		tape_ttrpc_answer(&tape, 7, CLIENT, 1, pids[i], 0);
		e = kept();
		cr_expect_eq(e->tail_len, tape_event(&tape, i)->tail_len, "pid %u: %u bytes",
			     (unsigned)pids[i], e->tail_len);
		cr_expect_eq(memcmp(e->tail, tape_event(&tape, i)->tail, e->tail_len), 0);
	}
}

/* An independent encoder's blocks: what is left says the same, whatever else is in them. */
static const char *const blocks[] = {
	"8386449e6087a9233545b245d05b3b988542e91a3aa17ee15f78d1d50c5eb0a3497f4186a0e41d139d095f8b"
	"1d75d0620d263d4c4d65647a8a9acac8b4c7602bb4eae04082497f864d833505b11f408e21ea48cd516c916a"
	"87495158c85f8590b28eda1340899acac8b24d494f6a7f867df7df7df7ed",
	"8386449d6087a9233545b245d05b3b988542e91a3aa17ee15f78d1d50c6e48ec4fc4c3c2c1c0bf",
	"8386c5c4c3c2c1c0bf",
};

static size_t unhex(const char *hex, char *to)
{
	size_t n = 0;

	for (unsigned int byte; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		to[n++] = (char)byte;
	return n;
}

Test(distill, huffman_codes_keep_their_lengths)
{
	struct ct_hpack *as_sent = ct_hpack_new(), *sieved = ct_hpack_new(),
			*again = ct_hpack_new();

	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		struct ct_headers before, during, after;
		char bytes[256];
		size_t n = unhex(blocks[i], bytes);
		/* application/grpc, as it is coded: of no interest. */
		static const char type[] = "\x1d\x75\xd0\x62\x0d\x26\x3d\x4c\x4d\x65\x64";

		cr_assert(ct_hpack_read(as_sent, ct_text(bytes, n), &before));
		cr_assert(ct_hpack_sieve(sieved, bytes, n, false, &during));
		cr_expect_null(memmem(bytes, n, type, sizeof(type) - 1));
		cr_assert(ct_hpack_read(again, ct_text(bytes, n), &after));
		cr_expect_str_eq(before.path, during.path);
		cr_expect_str_eq(before.path, after.path);
		cr_expect_str_eq(before.ns, after.ns);
	}
	ct_hpack_free(as_sent);
	ct_hpack_free(sieved);
	ct_hpack_free(again);
}
