// SPDX-License-Identifier: GPL-2.0-only
/* One program for all: what it is called decides what it is. */
#define _GNU_SOURCE
#include "standin.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <linux/vm_sockets.h>
#include <unistd.h>

void path_of(char *to, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(to, PATH_ROOM, format, args);
	va_end(args);
}

static socklen_t address(struct sockaddr_un *sun, const char *path, size_t len)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (len > sizeof(sun->sun_path))
		len = sizeof(sun->sun_path);
	memcpy(sun->sun_path, path, len);
	return (socklen_t)(sizeof(sun->sun_family) + len);
}

int listen_unix(const char *path, size_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un sun;
	socklen_t n = address(&sun, path, len);

	if (fd >= 0 && !bind(fd, (struct sockaddr *)&sun, n) && !listen(fd, 8))
		return fd;
	perror(path);
	return -1;
}

int connect_unix(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un sun;
	socklen_t n = address(&sun, path, strlen(path) + 1);

	if (fd >= 0 && !connect(fd, (struct sockaddr *)&sun, n))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Of the machine, which there is none of: the loopback. */
static int vsock(struct sockaddr_vm *svm, unsigned int cid)
{
	*svm = (struct sockaddr_vm){ .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = 1024 };
	return socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

bool agent_by_vsock(void)
{
	return getenv("STANDIN_VSOCK");
}

int listen_agent(const char *path)
{
	struct sockaddr_vm svm;
	int fd;

	if (!agent_by_vsock())
		return listen_unix(path, strlen(path) + 1);
	fd = vsock(&svm, VMADDR_CID_ANY);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&svm, sizeof(svm)) && !listen(fd, 8))
		return fd;
	perror("vsock");
	return -1;
}

int connect_agent(const char *path)
{
	struct sockaddr_vm svm;
	int fd;

	if (!agent_by_vsock())
		return connect_unix(path);
	fd = vsock(&svm, VMADDR_CID_LOCAL);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&svm, sizeof(svm)))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Behind an option; empty: there is none. */
const char *value_of(int argc, char **argv, const char *option)
{
	for (int i = 1; i + 1 < argc; i++) {
		if (!strcmp(argv[i], option))
			return argv[i + 1];
	}
	return "";
}

/* What goes on when whoever called it has ended keeps nobody's pipes open. */
void leave_stdio(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < 3; i++)
		dup2(null, i);
	close(null);
}

int standin_version(void)
{
	const char *version = getenv("STANDIN_VERSION");

	return version && *version ? atoi(version) : 2;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];

	if (!strncmp(name, "containerd-shim-kata", 20))
		return shim(argc, argv);
	if (!strcmp(name, "virtiofsd")) {
		pause();
		return 0;
	}
	if (!strcmp(name, "kata-runtime"))
		return runtime(argc, argv);
	if (!strcmp(name, "kata-proxy"))
		return proxy(argc, argv);
	if (!strcmp(name, "kata-shim"))
		return container_shim(argc, argv);
	return machine(argc, argv);
}
