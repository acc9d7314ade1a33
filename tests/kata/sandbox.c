// SPDX-License-Identifier: GPL-2.0-only
/* The sandbox that a shim or kata-runtime makes: its machine, what it shares with that, and their ends. */
#define _GNU_SOURCE
#include "standin.h"

#include <fcntl.h>
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

/* A network namespace of its own, pinned to a file, and back. */
static void make_netns(struct sandbox *box)
{
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	mkdir("/run/netns", 0755);
	path_of(box->netns, "/run/netns/cnitest-%s", box->id);
	close(open(box->netns, O_CREAT | O_RDONLY | O_CLOEXEC, 0444));
	if (unshare(CLONE_NEWNET) ||
	    mount("/proc/self/ns/net", box->netns, "none", MS_BIND, NULL) ||
	    setns(own, CLONE_NEWNET))
		perror("network namespace");
	close(own);
}

static void make_dirs(struct sandbox *box)
{
	char path[PATH_ROOM], mounts[PATH_ROOM];

	mkdir(VC_DIR, 0750);
	mkdir(VC_DIR "/sbs", 0750);
	mkdir(VC_DIR "/vm", 0750);
	path_of(path, VC_DIR "/sbs/%s", box->id);
	mkdir(path, 0750);
	mkdir("/run/kata-containers", 0750);
	mkdir("/run/kata-containers/shared", 0750);
	mkdir(SHARED_DIR, 0750);
	mkdir(box->share, 0750);
	path_of(path, "%s/shared", box->share);
	mkdir(path, 0750);
	path_of(mounts, "%s/mounts", box->share);
	mkdir(mounts, 0750);
	if (mount(mounts, path, "none", MS_BIND, NULL) || mount("none", path, NULL, MS_SLAVE, NULL))
		perror(path);
	path_of(path, VC_DIR "/vm/%s", box->id);
	mkdir(path, 0750);
}

/* The helper that shares files, if there is one beside the shim and the machine has no server of its own. */
static void start_machine(const struct sandbox *box)
{
	char program[PATH_ROOM + 32], name[PATH_ROOM];
	int dir = (int)(strrchr(box->self, '/') - box->self), own, netns;
	const char *vmm = getenv("STANDIN_VMM");
	pid_t pid;

	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	netns = open(box->netns, O_RDONLY | O_CLOEXEC);
	setns(netns, CLONE_NEWNET);
	snprintf(program, sizeof(program), "%.*s/virtiofsd", dir, box->self);
	if (standin_version() != 1 && !access(program, X_OK) && !fork()) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execl(program, program, "--shared-dir", box->share, (char *)NULL);
		_exit(127);
	}
	vmm = vmm ? vmm : "qemu-system-x86_64";
	snprintf(program, sizeof(program), "%.*s/%s", dir, box->self, vmm);
	snprintf(name, sizeof(name), "sandbox-%s", box->id);
	pid = fork();
	if (!pid) {
		execl(program, program, "-name", name, "-daemonize", (char *)NULL);
		_exit(127);
	}
	if (strstr(vmm, "qemu")) /* it becomes a daemon */
		waitpid(pid, NULL, 0);
	setns(own, CLONE_NEWNET);
	close(own);
	close(netns);
}

void sandbox_begin(struct sandbox *box)
{
	path_of(box->share, SHARED_DIR "/%s", box->id);
	make_netns(box);
	make_dirs(box);
	start_machine(box);
}

int sandbox_connect(const struct sandbox *box)
{
	char path[PATH_ROOM];
	int fd = -1;

	path_of(path, VC_DIR "/vm/%s/kata.sock", box->id);
	for (int tries = 0; tries < 5000 && (fd = connect_agent(path)) < 0; tries++)
		usleep(1000);
	return fd;
}

struct rpc sandbox_ask(struct sandbox *box, const char *service, const char *method,
		       const char *what, char *buffer)
{
	struct message m = { .len = 0 };
	struct rpc answer = { .stream = 0 };

	put_string(&m, 1, box->id);
	if (what)
		put_string(&m, 6, what);
	box->stream += 2;
	agent_ask(box->agent, box->stream, service, method, &m);
	agent_read(box->agent, buffer, &answer);
	return answer;
}

static void ask(struct sandbox *box, const char *method, const char *what)
{
	static char buffer[RPC_MAX];

	sandbox_ask(box, strcmp(method, "Check") ? "grpc.AgentService" : "grpc.Health", method,
		    what, buffer);
}

/* Behind these words in config.json; empty: they are not there. */
static const char *config_of(const struct sandbox *box, const char *words)
{
	static char text[1 << 18];
	char path[PATH_ROOM];
	const char *at;
	ssize_t n;
	int fd;

	path_of(path, "%s/config.json", box->bundle);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, words);
	return at ? at + strlen(words) : "";
}

/* The last arguments of the container's process, as far as the stand-in knows what they mean. */
static void program_of(const struct sandbox *box, char *to, size_t room)
{
	const char *at = config_of(box, "\"exit\",\"");

	/* "exit" is a system call, too, of which Docker has a list there */
	snprintf(to, room, "%s", "serve");
	if (*at >= '0' && *at <= '9')
		snprintf(to, room, "exit %d", atoi(at));
}

/* Docker has it elsewhere. */
static void rootfs_of(const struct sandbox *box, char *to)
{
	const char *at = config_of(box, "\"root\":{\"path\":\"/");

	path_of(to, "%s/rootfs", box->bundle);
	if (*at)
		path_of(to, "/%.*s", (int)strcspn(at, "\""), at);
}

void sandbox_create(struct sandbox *box)
{
	char path[PATH_ROOM], rootfs[PATH_ROOM], what[64];

	ask(box, "Check", NULL);
	ask(box, "CreateSandbox", NULL);
	ask(box, "GetGuestDetails", NULL);
	path_of(path, "%s/mounts/%s", box->share, box->id);
	mkdir(path, 0755);
	path_of(path, "%s/mounts/%s/rootfs", box->share, box->id);
	mkdir(path, 0755);
	rootfs_of(box, rootfs);
	if (mount(rootfs, path, "none", MS_BIND, NULL) ||
	    mount("none", path, NULL, MS_PRIVATE, NULL))
		perror(path);
	program_of(box, what, sizeof(what));
	ask(box, "CreateContainer", what);
	ask(box, "OnlineCPUMem", NULL);
}

void sandbox_end(struct sandbox *box)
{
	char path[PATH_ROOM];
	int qmp;

	ask(box, "SignalProcess", NULL);
	ask(box, "RemoveContainer", NULL);
	path_of(path, "%s/mounts/%s/rootfs", box->share, box->id);
	umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	rmdir(path);
	ask(box, "DestroySandbox", NULL);
	path_of(path, VC_DIR "/vm/%s/qmp.sock", box->id);
	qmp = connect_unix(path);
	for (int tries = 0; tries < 5000 && !access(path, F_OK); tries++)
		usleep(1000);
	close(qmp);
	close(box->agent);
	box->agent = -1;
	path_of(path, VC_DIR "/vm/%s", box->id);
	rmdir(path);
	path_of(box->netns, "/run/netns/cnitest-%s", box->id);
	umount2(box->netns, MNT_DETACH);
	unlink(box->netns);
	path_of(path, "%s/shared", box->share);
	umount2(path, MNT_DETACH);
	rmdir(path);
	path_of(path, "%s/mounts/%s", box->share, box->id);
	rmdir(path);
	path_of(path, "%s/mounts", box->share);
	rmdir(path);
	rmdir(box->share);
	path_of(path, VC_DIR "/sbs/%s", box->id);
	rmdir(path);
}
