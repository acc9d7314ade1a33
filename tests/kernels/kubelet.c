// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a kubelet asks for an image, in guests that have neither Python nor Kubernetes.
 *
 * kubelet SOCKET IMAGE: ends with 0 if the runtime has fetched it, with 1 if it has refused to.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	DATA = 0,
	HEADERS = 1,
	SETTINGS = 4,
	PING = 6
};
enum {
	ACK = 1,
	END_STREAM = 1,
	END_HEADERS = 4
};

struct frame {
	uint32_t size;
	uint8_t kind, flags;
	uint8_t body[1 << 16];
};

struct text {
	size_t len;
	uint8_t bytes[2048];
};

static void add(struct text *to, const void *bytes, size_t len)
{
	memcpy(to->bytes + to->len, bytes, len);
	to->len += len;
}

static void add_byte(struct text *to, uint8_t byte)
{
	add(to, &byte, 1);
}

/* A field of a header that no table of HPACK is asked for; both are shorter than 127. */
static void add_field(struct text *to, const char *name, const char *value)
{
	add_byte(to, 0);
	add_byte(to, strlen(name));
	add(to, name, strlen(name));
	add_byte(to, strlen(value));
	add(to, value, strlen(value));
}

static void add_frame(struct text *to, uint8_t kind, uint8_t flags, uint8_t stream,
		      const void *body, size_t len)
{
	const uint8_t head[] = { 0, len >> 8, len, kind, flags, 0, 0, 0, stream };

	add(to, head, sizeof(head));
	add(to, body, len);
}

/* PullImageRequest { 1: ImageSpec { 1: image } }, in one send, as clients written in Go have it. */
static void add_request(struct text *to, const char *image)
{
	const uint8_t len = strlen(image);
	const uint8_t grpc[] = { 0, 0, 0, 0, len + 4, 0x0a, len + 2, 0x0a, len };
	struct text header = { 0 }, body = { 0 };

	add_field(&header, ":method", "POST");
	add_field(&header, ":scheme", "http");
	add_field(&header, ":path", "/runtime.v1.ImageService/PullImage");
	add_field(&header, ":authority", "localhost");
	add_field(&header, "content-type", "application/grpc");
	add_field(&header, "te", "trailers");
	add(&body, grpc, sizeof(grpc));
	add(&body, image, len);
	add_frame(to, HEADERS, END_HEADERS, 1, header.bytes, header.len);
	add_frame(to, DATA, END_STREAM, 1, body.bytes, body.len);
}

static int exactly(int fd, void *to, size_t len)
{
	return recv(fd, to, len, MSG_WAITALL) == (ssize_t)len ? 0 : -1;
}

static int next_frame(int fd, struct frame *f)
{
	uint8_t head[9];

	if (exactly(fd, head, sizeof(head)))
		return -1;
	f->size = head[0] << 16 | head[1] << 8 | head[2];
	f->kind = head[3];
	f->flags = head[4];
	return f->size > sizeof(f->body) ? -1 : exactly(fd, f->body, f->size);
}

static int send_all(int fd, const struct text *text)
{
	return send(fd, text->bytes, text->len, MSG_NOSIGNAL) == (ssize_t)text->len ? 0 : -1;
}

/* Who refuses answers with headers alone: 1. -1: it hung up. */
static int answer(int fd)
{
	static struct frame f;
	int status = 1;

	while (!next_frame(fd, &f)) {
		struct text ack = { 0 };

		if ((f.kind == SETTINGS || f.kind == PING) && !(f.flags & ACK)) {
			add_frame(&ack, f.kind, ACK, 0, f.body, f.kind == PING ? f.size : 0);
			if (send_all(fd, &ack))
				return -1;
		}
		if (f.kind == DATA && f.size > 0)
			status = 0;
		if ((f.kind == DATA || f.kind == HEADERS) && f.flags & END_STREAM)
			return status;
	}
	return -1;
}

int main(int argc, char **argv)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct text hello = { 0 }, request = { 0 };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int status;

	if (argc != 3 || strlen(argv[1]) >= sizeof(at.sun_path) || strlen(argv[2]) > 120) {
		fprintf(stderr, "usage: kubelet SOCKET IMAGE\n");
		return 2;
	}
	strcpy(at.sun_path, argv[1]);
	add(&hello, preface, sizeof(preface) - 1);
	add_frame(&hello, SETTINGS, 0, 0, NULL, 0);
	add_request(&request, argv[2]);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) || send_all(fd, &hello) ||
	    send_all(fd, &request)) {
		fprintf(stderr, "kubelet: ask '%s': %s\n", argv[1], strerror(errno));
		return 2;
	}
	status = answer(fd);
	if (status)
		fprintf(stderr, "kubelet: '%s': %s\n", argv[2],
			status < 0 ? "the runtime hung up" : "refused");
	close(fd);
	return status < 0 ? 2 : status;
}
