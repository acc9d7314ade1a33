// SPDX-License-Identifier: GPL-2.0-only
/* The shim: one process for one sandbox, which containerd asks and which asks the agent. */
#define _GNU_SOURCE
#include "standin.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LISTENER 3 /* inherited */
#define CONNS    8

/* Of containerd/api/types/task: what a State says. */
enum status {
	CREATED = 1,
	RUNNING,
	STOPPED
};

static struct shim {
	const char *ns, *id, *address, *publisher;
	char self[PATH_ROOM]; /* the program */
	char out[PATH_ROOM];
	struct sandbox box;
	enum status status;
	int exit_code;
	struct timespec exited_at;
	uint32_t exits; /* of the request on which the agent answers when the container ends */
	int waits_fd[CONNS];
	uint32_t waits[CONNS]; /* streams of containerd's that wait for the same */
	int wait_count;
} s;

static void write_file(const char *dir, const char *name, const char *text)
{
	char hidden[PATH_ROOM], path[PATH_ROOM];
	int fd;

	path_of(hidden, "%s/.%s", dir, name);
	path_of(path, "%s/%s", dir, name);
	fd = open(hidden, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) < 0 || rename(hidden, path))
		perror(path);
	close(fd);
}

/* Called as "start": leaves a process behind that serves, says where, and ends. */
static int start(void)
{
	char address[PATH_ROOM], pid_text[16];
	int fd;
	pid_t pid;

	path_of(address, "/containerd-shim/%s/%s/shim.sock", s.ns, s.id);
	/* an abstract name: a NUL, the path, and a NUL more, which Go counts where no '@' begins it */
	memmove(address + 1, address, strlen(address) + 1);
	address[0] = '\0';
	fd = listen_unix(address, strlen(address + 1) + 2);
	if (fd < 0)
		return 1;
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		/* containerd reads what the one that ends says until nobody can say more */
		for (int i = 0; i < LISTENER; i++)
			dup2(null, i);
		dup2(fd, LISTENER);
		fcntl(LISTENER, F_SETFD, 0);
		execl(s.self, s.self, "-namespace", s.ns, "-address", s.address, "-publish-binary",
		      s.publisher, "-id", s.id, (char *)NULL);
		_exit(127);
	}
	snprintf(pid_text, sizeof(pid_text), "%d", pid);
	write_file(".", "shim.pid", pid_text);
	write_file(".", "address", address + 1);
	return fputs(address + 1, stdout) < 0;
}

/* "delete" finds everything gone and fails, as Kata's does. */
static int cleanup(void)
{
	return 1;
}

/* Nobody waits for it: containerd may be answered before. */
static void publish(const char *topic, const char *type)
{
	struct message event = { .len = 0 }, any = { .len = 0 };
	int fds[2];
	pid_t pid;

	put_string(&event, 1, s.id);
	if (!strcmp(topic, "/tasks/exit")) {
		put_string(&event, 2, s.id);
		put_varint(&event, 3, (uint64_t)getpid());
		put_varint(&event, 4, (uint64_t)s.exit_code);
		put_time(&event, 5, &s.exited_at);
	}
	put_string(&any, 1, type);
	put_bytes(&any, 2, event.bytes, event.len);
	if (pipe2(fds, O_CLOEXEC))
		return;
	pid = fork();
	if (!pid) {
		dup2(fds[0], 0);
		execlp(s.publisher, s.publisher, "--address", s.address, "publish", "--topic",
		       topic, "--namespace", s.ns, (char *)NULL);
		_exit(127);
	}
	close(fds[0]);
	if (write(fds[1], any.bytes, any.len) < 0)
		perror("publish");
	close(fds[1]);
}

static void mount_rootfs(struct bytes request)
{
	char target[PATH_ROOM], source[PATH_ROOM], type[32], data[4096] = "", option[2048];
	struct bytes m = get_bytes(request, 3, 0);

	path_of(target, "%s/rootfs", s.box.bundle);
	if (!m.len)
		return;
	for (int i = 0; get_bytes(m, 4, i).len; i++) {
		to_string(get_bytes(m, 4, i), option, sizeof(option));
		snprintf(data + strlen(data), sizeof(data) - strlen(data), "%s%s", i ? "," : "",
			 option);
	}
	to_string(get_bytes(m, 1, 0), type, sizeof(type));
	to_string(get_bytes(m, 2, 0), source, sizeof(source));
	if (mount(source, target, type, 0, data))
		perror("mount of the root file system");
}

static void create(struct bytes request)
{
	to_string(get_bytes(request, 2, 0), s.box.bundle, sizeof(s.box.bundle));
	to_string(get_bytes(request, 6, 0), s.out, sizeof(s.out));
	mount_rootfs(request);
	s.box.id = s.id;
	s.box.self = s.self;
	sandbox_begin(&s.box);
	s.box.agent = sandbox_connect(&s.box);
	sandbox_create(&s.box);
	s.status = CREATED;
}

/* Output of the guest goes through the shim to the fifo that containerd's client reads. */
static void pass_output_on(void)
{
	static char buffer[RPC_MAX];
	struct rpc answer = sandbox_ask(&s.box, "grpc.AgentService", "ReadStdout", NULL, buffer);
	struct bytes line = get_bytes(answer.payload, 1, 0);
	int fd = s.out[0] ? open(s.out, O_RDWR | O_CLOEXEC) : -1;

	if (fd >= 0 && write(fd, line.p, line.len) < 0)
		perror(s.out);
	/* open until the shim ends: a reader that comes late finds it there */
}

static void start_container(void)
{
	static char buffer[RPC_MAX];
	struct message m = { .len = 0 };

	sandbox_ask(&s.box, "grpc.AgentService", "StartContainer", NULL, buffer);
	pass_output_on();
	s.status = RUNNING;
	put_string(&m, 1, s.id);
	put_string(&m, 2, s.id);
	s.exits = s.box.stream += 2;
	agent_ask(s.box.agent, s.exits, "grpc.AgentService", "WaitProcess", &m);
}

static void put_exit(struct message *m, uint32_t field)
{
	put_varint(m, field, (uint64_t)s.exit_code);
	put_time(m, field + 1, &s.exited_at);
}

/* The container has ended: so does the machine, and then whoever waits is told. */
static void container_ended(struct bytes answer)
{
	char path[PATH_ROOM];
	struct message m = { .len = 0 };

	s.exit_code = (int)get_varint(answer, 1);
	clock_gettime(CLOCK_REALTIME, &s.exited_at);
	sandbox_end(&s.box);
	publish("/tasks/exit", "containerd.events.TaskExit");
	path_of(path, "%s/rootfs", s.box.bundle);
	umount2(path, 0);
	s.status = STOPPED;
	put_exit(&m, 1);
	for (int i = 0; i < s.wait_count; i++)
		rpc_answer(s.waits_fd[i], s.waits[i], &m);
	s.wait_count = 0;
}

static void state(struct message *m)
{
	put_string(m, 1, s.id);
	put_string(m, 2, s.box.bundle);
	put_varint(m, 3, (uint64_t)getpid());
	put_varint(m, 4, s.status);
	put_string(m, 6, s.out);
	put_varint(m, 9, (uint64_t)s.exit_code);
}

/* False: it is to end. */
static bool asked(int fd, const struct rpc *rpc)
{
	struct message m = { .len = 0 };
	bool last = is(rpc->method, "Shutdown");
	const char *topic = NULL;

	if (is(rpc->method, "Wait") && s.status != STOPPED && s.wait_count < CONNS) {
		s.waits_fd[s.wait_count] = fd;
		s.waits[s.wait_count++] = rpc->stream;
		return true;
	}
	if (is(rpc->method, "Create")) {
		create(rpc->payload);
		put_varint(&m, 1, (uint64_t)getpid());
		topic = "/tasks/create";
	} else if (is(rpc->method, "Start")) {
		start_container();
		put_varint(&m, 1, (uint64_t)getpid());
		topic = "/tasks/start";
	} else if (is(rpc->method, "Wait")) {
		put_exit(&m, 1);
	} else if (is(rpc->method, "Kill") && s.status == RUNNING) {
		struct message kill = { .len = 0 };

		put_string(&kill, 1, s.id);
		s.box.stream += 2;
		agent_ask(s.box.agent, s.box.stream, "grpc.AgentService", "SignalProcess", &kill);
	} else if (is(rpc->method, "Delete")) {
		put_varint(&m, 1, (uint64_t)getpid());
		put_exit(&m, 2);
	} else if (is(rpc->method, "State")) {
		state(&m);
	} else if (is(rpc->method, "Connect")) {
		put_varint(&m, 1, (uint64_t)getpid());
		put_varint(&m, 2, (uint64_t)getpid());
		put_string(&m, 3, "stand-in");
	}
	rpc_answer(fd, rpc->stream, &m);
	if (topic)
		publish(topic, strcmp(topic, "/tasks/create") ? "containerd.events.TaskStart"
							      : "containerd.events.TaskCreate");
	return !last;
}

static int serve(void)
{
	static char buffer[RPC_MAX];
	struct pollfd fds[CONNS + 2];
	int conns[CONNS], n = 0;
	struct rpc rpc;

	s.box.agent = -1;
	setsid();
	rpc_empty_status = standin_version() == 1;
	agent_serial = standin_version() == 1;
	if (agent_serial)
		setenv("STANDIN_YAMUX", "1", 1);
	for (;;) {
		while (waitpid(-1, NULL, WNOHANG) > 0) /* those that published */
			;
		fds[0] = (struct pollfd){ .fd = LISTENER, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = s.exits && s.box.agent >= 0 ? s.box.agent : -1,
					  .events = POLLIN };
		for (int i = 0; i < n; i++)
			fds[i + 2] = (struct pollfd){ .fd = conns[i], .events = POLLIN };
		if (poll(fds, (nfds_t)n + 2, -1) < 0)
			return 1;
		for (int i = 0; i < n; i++) {
			if (!fds[i + 2].revents)
				continue;
			if (!rpc_read(conns[i], buffer, &rpc)) {
				close(conns[i]);
				conns[i] = -1; /* ignored by poll */
			} else if (!asked(conns[i], &rpc)) {
				return 0;
			}
		}
		if (fds[1].revents && agent_read(s.box.agent, buffer, &rpc) &&
		    rpc.stream == s.exits)
			container_ended(rpc.payload);
		if (fds[0].revents && n < CONNS)
			conns[n++] = accept4(LISTENER, NULL, NULL, SOCK_CLOEXEC);
	}
}

int shim(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", s.self, sizeof(s.self) - 1);
	const char *call = argv[argc - 1];

	/* links to one program: what they are called is what they are */
	if (n > 0 && argv[0][0] == '/')
		snprintf(s.self, sizeof(s.self), "%s", argv[0]);
	s.ns = value_of(argc, argv, "-namespace");
	s.id = value_of(argc, argv, "-id");
	s.address = value_of(argc, argv, "-address");
	s.publisher = value_of(argc, argv, "-publish-binary");
	if (!strcmp(call, "start"))
		return start();
	if (!strcmp(call, "delete"))
		return cleanup();
	return serve();
}
