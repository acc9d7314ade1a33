// SPDX-License-Identifier: GPL-2.0-only
/* The reader of the ring buffer, on a file that is laid out as the kernel's: data twice, one after the other. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/live/ring.h"

struct kernel {
	int fd;
	size_t page, bytes;
	char *file;
	unsigned long at; /* where is written next */
	struct ct_ring *ring;
	size_t heard, heard_bytes;
	uint32_t last;
	bool torn;
	size_t stop_at; /* 0: never */
};

static unsigned long *read_to(const struct kernel *k)
{
	return (unsigned long *)k->file;
}

static unsigned long *written_to(const struct kernel *k)
{
	return (unsigned long *)(k->file + k->page);
}

/* A record's bytes are its number, over and over. */
static int hear(void *ctx, const void *data, size_t size)
{
	struct kernel *k = ctx;
	const uint32_t *words = data;

	for (size_t i = 0; i < size / 4; i++)
		k->torn |= words[i] != words[0];
	k->last = size ? words[0] : 0;
	k->heard++;
	k->heard_bytes += size;
	return k->heard == k->stop_at ? -EINTR : 0;
}

static struct kernel begin(size_t bytes)
{
	struct kernel k = { .page = (size_t)sysconf(_SC_PAGESIZE), .bytes = bytes };
	size_t room = 2 * k.page + 2 * bytes;

	k.fd = memfd_create("ring", MFD_CLOEXEC);
	cr_assert(!ftruncate(k.fd, (off_t)room));
	k.file = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED, k.fd, 0);
	cr_assert(k.file != MAP_FAILED);
	return k;
}

static void end(struct kernel *k)
{
	ct_ring_close(k->ring);
	munmap(k->file, 2 * k->page + 2 * k->bytes);
	close(k->fd);
}

static void store(struct kernel *k, unsigned long at, uint32_t word)
{
	size_t place = at & (k->bytes - 1);

	memcpy(k->file + 2 * k->page + place, &word, sizeof(word));
	memcpy(k->file + 2 * k->page + k->bytes + place, &word, sizeof(word));
}

/* Returns where its header is. */
static unsigned long put(struct kernel *k, uint32_t word, size_t size, uint32_t flags)
{
	unsigned long at = k->at;

	store(k, at, (uint32_t)size | flags);
	store(k, at + 4, 0);
	for (size_t i = 0; i < size; i += 4)
		store(k, at + 8 + i, word);
	k->at += (size + 8 + 7) & ~7ul;
	*written_to(k) = k->at;
	return at;
}

static void open_ring(struct kernel *k)
{
	cr_assert(!ct_ring_open(&k->ring, k->fd, k->bytes, hear, k));
}

/* Of 4 KiB, the least, and of several times what is mapped; records that go over its end. */
Test(ring, all_of_many_rounds_is_heard_in_order)
{
	static const size_t rings[] = { 1, 128, 256 }; /* pages */

	for (size_t r = 0; r < sizeof(rings) / sizeof(rings[0]); r++) {
		struct kernel k = begin(rings[r] * (size_t)sysconf(_SC_PAGESIZE));
		size_t count = 0, bytes = 0, most = k.bytes / 2 < 3000 ? k.bytes / 2 : 3000;

		open_ring(&k);
		for (unsigned turn = 0; k.at < 5 * k.bytes; turn++) {
			size_t batch = turn % 7 ? k.bytes / 8 : k.bytes - most - 16, from = k.at;

			while (k.at - from + most + 16 < batch || k.at == from) {
				size_t size = 4 + 4 * (count * 7919 % (most / 4));

				put(&k, (uint32_t)++count, size, 0);
				bytes += size;
			}
			cr_assert_gt(ct_ring_read(k.ring), 0);
			cr_assert_eq(*read_to(&k), k.at, "what is read can be written over");
			cr_assert_eq(k.last, count);
		}
		cr_assert_eq(k.heard, count);
		cr_assert_eq(k.heard_bytes, bytes);
		cr_assert(!k.torn);
		cr_assert_eq(ct_ring_read(k.ring), 0);
		end(&k);
	}
}

Test(ring, what_is_being_written_and_what_comes_behind_it_waits)
{
	struct kernel k = begin((size_t)sysconf(_SC_PAGESIZE));
	unsigned long busy;

	open_ring(&k);
	put(&k, 1, 40, 0);
	busy = put(&k, 2, 100, BPF_RINGBUF_BUSY_BIT);
	put(&k, 3, 8, 0);
	cr_assert_eq(ct_ring_read(k.ring), 1);
	cr_assert_eq(*read_to(&k), busy);
	cr_assert_eq(ct_ring_read(k.ring), 0);
	store(&k, busy, 100);
	cr_assert_eq(ct_ring_read(k.ring), 2);
	cr_assert_eq(k.last, 3);
	end(&k);
}

Test(ring, what_was_discarded_is_passed_over)
{
	struct kernel k = begin((size_t)sysconf(_SC_PAGESIZE));

	open_ring(&k);
	put(&k, 1, 40, BPF_RINGBUF_DISCARD_BIT);
	put(&k, 2, 12, 0);
	put(&k, 3, 48, BPF_RINGBUF_DISCARD_BIT);
	cr_assert_eq(ct_ring_read(k.ring), 1);
	cr_assert_eq(k.last, 2);
	cr_assert_eq(*read_to(&k), k.at);
	end(&k);
}

Test(ring, who_has_heard_enough_goes_on_behind_it)
{
	struct kernel k = begin((size_t)sysconf(_SC_PAGESIZE));

	open_ring(&k);
	k.stop_at = 2;
	for (uint32_t i = 1; i <= 4; i++)
		put(&k, i, 16, 0);
	cr_assert_eq(ct_ring_read(k.ring), -EINTR);
	cr_assert_eq(k.last, 2);
	cr_assert_eq(ct_ring_read(k.ring), 2);
	cr_assert_eq(k.last, 4);
	end(&k);
}

/* As tracing goes on where another has ended: nobody begins at 0 but the first. */
Test(ring, it_begins_where_reading_ended)
{
	struct kernel k = begin(512 * (size_t)sysconf(_SC_PAGESIZE));

	k.at = *read_to(&k) = *written_to(&k) = 7 * k.bytes - 24;
	put(&k, 9, 2000, 0);
	open_ring(&k);
	cr_assert_eq(ct_ring_read(k.ring), 1);
	cr_assert_eq(k.last, 9);
	cr_assert(!k.torn);
	end(&k);
}

Test(ring, what_is_larger_than_what_is_mapped_is_an_error)
{
	struct kernel k = begin(512 * (size_t)sysconf(_SC_PAGESIZE));

	open_ring(&k);
	put(&k, 1, 300 << 10, 0);
	cr_assert_eq(ct_ring_read(k.ring), -E2BIG);
	end(&k);
}

Test(ring, what_is_no_ring_is_not_opened)
{
	struct ct_ring *ring;

	cr_assert_eq(ct_ring_open(&ring, -1, 4096, hear, NULL), -EBADF);
}
