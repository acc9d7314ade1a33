// SPDX-License-Identifier: GPL-2.0-only
/* Who does not come back is given up: sooner if he sleeps than if he waits for a CPU or a disk. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/engines/scout.h"
#include "util/clock.h"

#define MS 1000000ull

static const struct ct_patience patience = { 100 * MS, 1000 * MS };

static void sleeps(int fd, struct ct_scout_sign *sign)
{
	(void)fd;
	atomic_fetch_add(&sign->beats, 1);
	pause();
}

static void runs(int fd, struct ct_scout_sign *sign)
{
	(void)fd;
	atomic_fetch_add(&sign->beats, 1);
	for (;;)
		;
}

/* While its child has its memory, it waits as one waits for a disk. */
static void waits(int fd, struct ct_scout_sign *sign)
{
	pid_t child;

	(void)fd;
	atomic_fetch_add(&sign->beats, 1);
	child = vfork();
	if (!child) {
		sleep(10);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

/* ms until it is said to hang */
static double hangs_after(ct_scout_fn work, char *where, size_t room)
{
	struct ct_scout s = { .fd = -1 };
	uint64_t begun, now;

	cr_assert(!ct_scout_start(&s, work));
	do { /* until it is on its way */
		usleep(1000);
	} while (!atomic_load(&s.sign->beats) || (work == sleeps && ct_scout_busy(&s)));
	begun = now = ct_mono_ns();
	while (!ct_scout_hangs(&s, true, now, &patience) && now - begun < 5000 * MS) {
		usleep(1000);
		now = ct_mono_ns();
	}
	ct_scout_where(&s, where, room);
	ct_scout_stop(&s);
	return (double)(now - begun) / (double)MS;
}

Test(scout, who_sleeps_is_given_up_soon, .timeout = 20)
{
	char where[64];
	double ms = hangs_after(sleeps, where, sizeof(where));

	cr_expect(ms > 100 && ms < 1000, "%.0f ms", ms);
}

Test(scout, who_lacks_a_processor_is_waited_for, .timeout = 20)
{
	char where[64];
	double ms = hangs_after(runs, where, sizeof(where));

	cr_expect(ms > 1000 && ms < 5000, "%.0f ms", ms);
	cr_expect_str_empty(where);
}

Test(scout, who_waits_as_for_a_disk_is_waited_for, .timeout = 20)
{
	char where[64];
	double ms = hangs_after(waits, where, sizeof(where));

	cr_expect(ms > 1000 && ms < 5000, "%.0f ms", ms);
}

Test(scout, who_moves_does_not_hang, .timeout = 20)
{
	struct ct_scout s = { .fd = -1 };

	cr_assert(!ct_scout_start(&s, sleeps));
	cr_expect(!ct_scout_hangs(&s, true, 1000 * MS, &patience));
	atomic_fetch_add(&s.sign->beats, 1);
	cr_expect(!ct_scout_hangs(&s, true, 9000 * MS, &patience), "it has moved");
	cr_expect(!ct_scout_hangs(&s, false, 19000 * MS, &patience), "it has nothing to do");
	cr_expect(!ct_scout_hangs(&s, true, 29000 * MS, &patience), "it has only now");
	cr_expect(ct_scout_hangs(&s, true, 39000 * MS, &patience));
	ct_scout_stop(&s);
}
