// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cmd/cmd.h"
#include "util/mem.h"

void ct_notify_ready(void)
{
	static const char message[] = "READY=1";
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	own_fd int fd = -1;
	size_t len;

	if (!path || (*path != '/' && *path != '@'))
		return;
	len = strlen(path);
	if (len >= sizeof(addr.sun_path)) {
		ct_say("tell the service manager: NOTIFY_SOCKET is too long");
		return;
	}
	memcpy(addr.sun_path, path, len);
	if (*path == '@') /* an abstract name begins with NUL */
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    sendto(fd, message, sizeof(message) - 1, MSG_NOSIGNAL, (const struct sockaddr *)&addr,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		ct_say("tell the service manager at '%s': %s", path, strerror(errno));
}
