// SPDX-License-Identifier: GPL-2.0-only
#include "serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/mem.h"

#define PEM_MAX (1 << 20)
#define BACKLOG 64

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int bad_address(const char *text, struct ct_err *err)
{
	return ct_fail(
		err, EINVAL,
		"option --listen: '%s' is no port, nor an address and a port, as 9917, 0.0.0.0:9917 or [::1]:9917",
		text);
}

/* [ADDR:]PORT; of no ADDR it is loopback. Addresses are numbers: no name is asked for. */
static int parse(const char *text, union address *ret, socklen_t *ret_len, struct ct_err *err)
{
	const char *colon = strrchr(text, ':'), *port = colon ? colon + 1 : text;
	char host[64] = "127.0.0.1", *end;
	unsigned long n = strtoul(port, &end, 10);
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (end == port || *end || *port == '-' || *port == '+' || n > 65535 || len >= sizeof(host))
		return bad_address(text, err);
	if (colon) {
		bool bracket = len > 1 && *text == '[' && text[len - 1] == ']';

		snprintf(host, sizeof(host), "%.*s", (int)(bracket ? len - 2 : len),
			 text + bracket);
	}
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons((uint16_t)n);
		*ret_len = sizeof(ret->v4);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons((uint16_t)n);
		*ret_len = sizeof(ret->v6);
		return 0;
	}
	return bad_address(text, err);
}

static bool is_loopback(const union address *a)
{
	if (a->any.sa_family == AF_INET)
		return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

/* With the port that it got, if it asked for any. */
static void describe(int fd, bool tls, char *url, size_t room)
{
	union address a = { 0 };
	socklen_t len = sizeof(a);
	char host[INET6_ADDRSTRLEN] = "?";
	bool v6;

	getsockname(fd, &a.any, &len);
	v6 = a.any.sa_family == AF_INET6;
	inet_ntop(a.any.sa_family, v6 ? (void *)&a.v6.sin6_addr : (void *)&a.v4.sin_addr, host,
		  sizeof(host));
	snprintf(url, room, "http%s://%s%s%s:%u/", tls ? "s" : "", v6 ? "[" : "", host,
		 v6 ? "]" : "", ntohs(v6 ? a.v6.sin6_port : a.v4.sin_port));
}

static int read_file(const char *path, char **ret, struct ct_err *err)
{
	own_file FILE *f = fopen(path, "re");
	own_mem char *text = f ? calloc(1, PEM_MAX) : NULL;
	size_t n;

	if (!f)
		return ct_fail(err, errno, "read '%s': %s", path, strerror(errno));
	if (!text)
		return ct_fail(err, ENOMEM, "read '%s': out of memory", path);
	n = fread(text, 1, PEM_MAX - 1, f);
	if (ferror(f) || !n)
		return ct_fail(err, EIO, "read '%s': %s", path,
			       n ? "input/output error" : "it is empty");
	*ret = take_ptr(text);
	return 0;
}

static int read_password(struct ct_listen *l, const char *path, struct ct_err *err)
{
	own_mem char *text = NULL;
	int ret = read_file(path, &text, err);

	if (ret)
		return ret;
	text[strcspn(text, "\r\n")] = '\0';
	if (!strchr(text, ':') || strlen(text) >= sizeof(l->password))
		return ct_fail(
			err, EINVAL,
			"option --password: the first line of '%s' is not USER:PASSWORD, shorter than %zu",
			path, sizeof(l->password));
	snprintf(l->password, sizeof(l->password), "%s", text);
	return 0;
}

static int listen_on(struct ct_listen *l, const char *text, struct ct_err *err)
{
	const int yes = 1;
	union address address;
	socklen_t len;
	int ret = parse(text, &address, &len, err);

	if (ret)
		return ret;
	l->loopback = is_loopback(&address);
	l->fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return ct_fail(err, errno, "listen on '%s': %s", text, strerror(errno));
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(l->fd, &address.any, len) || listen(l->fd, BACKLOG))
		return ct_fail(err, errno, "listen on '%s': %s", text, strerror(errno));
	return 0;
}

int ct_listen_open(struct ct_listen *l, const struct ct_serve_options *opts, char *url, size_t room,
		   struct ct_err *err)
{
	int ret = 0;

	if (!opts->certificate != !opts->key)
		return ct_fail(err, EINVAL, "options --tls-cert and --tls-key go together");
	if (opts->certificate)
		ret = read_file(opts->certificate, &l->certificate, err);
	if (!ret && opts->key)
		ret = read_file(opts->key, &l->key, err);
	if (!ret && opts->password)
		ret = read_password(l, opts->password, err);
	if (!ret)
		ret = listen_on(l, opts->listen ? opts->listen : CT_SERVE_PORT, err);
	if (!ret)
		describe(l->fd, opts->certificate, url, room);
	return ret;
}

void ct_listen_close(struct ct_listen *l)
{
	if (l->fd >= 0)
		close(l->fd);
	free(l->certificate);
	if (l->key)
		explicit_bzero(l->key, strlen(l->key));
	free(l->key);
	explicit_bzero(l->password, sizeof(l->password));
	l->fd = -1;
	l->certificate = l->key = NULL;
}

bool ct_listen_is_own(const struct ct_listen *l, const char *host)
{
	static const char *const own[] = { "localhost", "[::1]", "127." };
	size_t len;

	if (!l->loopback)
		return true;
	if (!host)
		return false;
	len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	if (*host == '[' && host[len < strlen(host) ? len : strlen(host)] && host[len] != ':')
		return false;
	for (size_t i = 0; i < CT_ARRAY_SIZE(own); i++) {
		bool prefix = own[i][strlen(own[i]) - 1] == '.';

		if (prefix ? !strncmp(host, own[i], strlen(own[i])) &&
				     strspn(host, "0123456789.") == len
			   : len == strlen(own[i]) && !strncasecmp(host, own[i], len))
			return true;
	}
	return false;
}
