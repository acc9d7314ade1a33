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
#define AGENT    "grpc.AgentService"

/* Of containerd/api/types/task: what a State says. */
enum status {
	CREATED = 1,
	RUNNING,
	STOPPED
};

static struct shim {
	const char *ns, *id, *address, *publisher;
	char self[PATH_ROOM]; /* the program */
	char bundle[PATH_ROOM], netns[PATH_ROOM], share[PATH_ROOM];
	char out[PATH_ROOM];
	enum status status;
	int exit_code;
	int agent;
	uint32_t stream; /* of the last request to the agent */
	uint32_t exits; /* of the request on which the agent answers when the container ends */
	int waits_fd[CONNS];
	uint32_t waits[CONNS]; /* streams of containerd's that wait for the same */
	int wait_count;
} s;

static const char *value_of(int argc, char **argv, const char *option)
{
	for (int i = 1; i + 1 < argc; i++) {
		if (!strcmp(argv[i], option))
			return argv[i + 1];
	}
	return "";
}

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

static void publish(const char *topic, const char *type)
{
	struct message event = { .len = 0 }, any = { .len = 0 };
	int fds[2];
	pid_t pid;

	put_string(&event, 1, s.id);
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
	waitpid(pid, NULL, 0);
}

static void mount_rootfs(struct bytes request)
{
	char target[PATH_ROOM], source[PATH_ROOM], type[32], data[4096] = "", option[2048];
	struct bytes m = get_bytes(request, 3, 0);

	path_of(target, "%s/rootfs", s.bundle);
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

/* A network namespace of its own, pinned to a file, and back. */
static void make_netns(void)
{
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	mkdir("/run/netns", 0755);
	path_of(s.netns, "/run/netns/cnitest-%d", getpid());
	close(open(s.netns, O_CREAT | O_RDONLY | O_CLOEXEC, 0444));
	if (unshare(CLONE_NEWNET) || mount("/proc/self/ns/net", s.netns, "none", MS_BIND, NULL) ||
	    setns(own, CLONE_NEWNET))
		perror("network namespace");
	close(own);
}

static void make_dirs(void)
{
	char path[PATH_ROOM], mounts[PATH_ROOM];

	mkdir(VC_DIR, 0750);
	mkdir(VC_DIR "/sbs", 0750);
	mkdir(VC_DIR "/vm", 0750);
	path_of(path, VC_DIR "/sbs/%s", s.id);
	mkdir(path, 0750);
	mkdir("/run/kata-containers", 0750);
	mkdir("/run/kata-containers/shared", 0750);
	mkdir(SHARED_DIR, 0750);
	path_of(s.share, SHARED_DIR "/%s", s.id);
	mkdir(s.share, 0750);
	path_of(path, "%s/shared", s.share);
	mkdir(path, 0750);
	path_of(mounts, "%s/mounts", s.share);
	mkdir(mounts, 0750);
	if (mount(mounts, path, "none", MS_BIND, NULL) || mount("none", path, NULL, MS_SLAVE, NULL))
		perror(path);
	path_of(path, VC_DIR "/vm/%s", s.id);
	mkdir(path, 0750);
}

/* The helper that shares files, if there is one beside the shim, and the machine. */
static void start_machine(void)
{
	char program[PATH_ROOM + 32], name[PATH_ROOM];
	int dir = (int)(strrchr(s.self, '/') - s.self), own, netns;
	const char *vmm = getenv("STANDIN_VMM");
	pid_t pid;

	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	netns = open(s.netns, O_RDONLY | O_CLOEXEC);
	setns(netns, CLONE_NEWNET);
	snprintf(program, sizeof(program), "%.*s/virtiofsd", dir, s.self);
	if (!access(program, X_OK) && !fork()) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execl(program, program, "--shared-dir", s.share, (char *)NULL);
		_exit(127);
	}
	snprintf(program, sizeof(program), "%.*s/%s", dir, s.self,
		 vmm ? vmm : "qemu-system-x86_64");
	snprintf(name, sizeof(name), "sandbox-%s", s.id);
	pid = fork();
	if (!pid) {
		execl(program, program, "-name", name, "-daemonize", (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	setns(own, CLONE_NEWNET);
	close(own);
	close(netns);
}

static void connect_agent(void)
{
	char path[PATH_ROOM];

	path_of(path, VC_DIR "/vm/%s/kata.sock", s.id);
	for (int tries = 0; tries < 5000 && (s.agent = connect_unix(path)) < 0; tries++)
		usleep(1000);
}

/* Asks, and waits for the answer. */
static struct rpc ask(const char *method, const char *what, char *buffer)
{
	struct message m = { .len = 0 };
	struct rpc answer = { .stream = 0 };

	put_string(&m, 1, s.id);
	if (what)
		put_string(&m, 6, what);
	s.stream += 2;
	rpc_ask(s.agent, s.stream, AGENT, method, &m);
	rpc_read(s.agent, buffer, &answer);
	return answer;
}

/* The last arguments of the container's process, as far as the stand-in knows what they mean. */
static void program_of(char *to, size_t room)
{
	static char text[1 << 18];
	char path[PATH_ROOM];
	const char *at;
	ssize_t n;
	int fd;

	path_of(path, "%s/config.json", s.bundle);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, "\"exit\",\"");
	snprintf(to, room, "%s", "serve");
	if (at)
		snprintf(to, room, "exit %d", atoi(at + strlen("\"exit\",\"")));
}

static void create(struct bytes request)
{
	static char buffer[RPC_MAX];
	char path[PATH_ROOM], rootfs[PATH_ROOM], what[64];

	to_string(get_bytes(request, 2, 0), s.bundle, sizeof(s.bundle));
	to_string(get_bytes(request, 6, 0), s.out, sizeof(s.out));
	mount_rootfs(request);
	make_netns();
	make_dirs();
	start_machine();
	connect_agent();
	ask("CreateSandbox", NULL, buffer);
	path_of(path, "%s/mounts/%s", s.share, s.id);
	mkdir(path, 0755);
	path_of(path, "%s/mounts/%s/rootfs", s.share, s.id);
	mkdir(path, 0755);
	path_of(rootfs, "%s/rootfs", s.bundle);
	if (mount(rootfs, path, "none", MS_BIND, NULL) ||
	    mount("none", path, NULL, MS_PRIVATE, NULL))
		perror(path);
	program_of(what, sizeof(what));
	ask("CreateContainer", what, buffer);
	publish("/tasks/create", "containerd.events.TaskCreate");
	s.status = CREATED;
}

/* Output of the guest goes through the shim to the fifo that containerd's client reads. */
static void pass_output_on(void)
{
	static char buffer[RPC_MAX];
	struct rpc answer = ask("ReadStdout", NULL, buffer);
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

	ask("StartContainer", NULL, buffer);
	pass_output_on();
	publish("/tasks/start", "containerd.events.TaskStart");
	s.status = RUNNING;
	put_string(&m, 1, s.id);
	s.exits = s.stream += 2;
	rpc_ask(s.agent, s.exits, AGENT, "WaitProcess", &m);
}

static void put_exit(struct message *m, uint32_t field)
{
	m->len = 0;
	put_varint(m, field, (uint64_t)s.exit_code);
}

/* The container has ended: so does the machine, and then whoever waits is told. */
static void container_ended(struct bytes answer)
{
	char path[PATH_ROOM];
	struct message m;
	int qmp;

	s.exit_code = (int)get_varint(answer, 1);
	path_of(path, "%s/mounts/%s/rootfs", s.share, s.id);
	umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	rmdir(path);
	path_of(path, VC_DIR "/vm/%s/qmp.sock", s.id);
	qmp = connect_unix(path);
	path_of(path, VC_DIR "/vm/%s/kata.sock", s.id);
	for (int tries = 0; tries < 5000 && !access(path, F_OK); tries++)
		usleep(1000);
	close(qmp);
	close(s.agent);
	s.agent = -1;
	path_of(path, VC_DIR "/vm/%s", s.id);
	rmdir(path);
	umount2(s.netns, MNT_DETACH);
	unlink(s.netns);
	path_of(path, "%s/shared", s.share);
	umount2(path, MNT_DETACH);
	rmdir(path);
	path_of(path, "%s/mounts/%s", s.share, s.id);
	rmdir(path);
	path_of(path, "%s/mounts", s.share);
	rmdir(path);
	rmdir(s.share);
	path_of(path, VC_DIR "/sbs/%s", s.id);
	rmdir(path);
	publish("/tasks/exit", "containerd.events.TaskExit");
	path_of(path, "%s/rootfs", s.bundle);
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
	put_string(m, 2, s.bundle);
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

	if (is(rpc->method, "Wait") && s.status != STOPPED && s.wait_count < CONNS) {
		s.waits_fd[s.wait_count] = fd;
		s.waits[s.wait_count++] = rpc->stream;
		return true;
	}
	if (is(rpc->method, "Create")) {
		create(rpc->payload);
		put_varint(&m, 1, (uint64_t)getpid());
	} else if (is(rpc->method, "Start")) {
		start_container();
		put_varint(&m, 1, (uint64_t)getpid());
	} else if (is(rpc->method, "Wait")) {
		put_exit(&m, 1);
	} else if (is(rpc->method, "Kill") && s.status == RUNNING) {
		struct message none = { .len = 0 };

		s.stream += 2;
		rpc_ask(s.agent, s.stream, AGENT, "SignalProcess", &none);
	} else if (is(rpc->method, "Delete")) {
		put_varint(&m, 1, (uint64_t)getpid());
		put_varint(&m, 2, (uint64_t)s.exit_code);
	} else if (is(rpc->method, "State")) {
		state(&m);
	} else if (is(rpc->method, "Connect")) {
		put_varint(&m, 1, (uint64_t)getpid());
		put_varint(&m, 2, (uint64_t)getpid());
		put_string(&m, 3, "stand-in");
	}
	rpc_answer(fd, rpc->stream, &m);
	return !last;
}

static int serve(void)
{
	static char buffer[RPC_MAX];
	struct pollfd fds[CONNS + 2];
	int conns[CONNS], n = 0;
	struct rpc rpc;

	s.agent = -1;
	setsid();
	for (;;) {
		fds[0] = (struct pollfd){ .fd = LISTENER, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = s.exits && s.agent >= 0 ? s.agent : -1,
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
		if (fds[1].revents && rpc_read(s.agent, buffer, &rpc) && rpc.stream == s.exits)
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
