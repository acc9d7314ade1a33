// SPDX-License-Identifier: GPL-2.0-only
/*
 * forgotten dirs DIR N: a new file in each of so many new directories, by its name alone.
 * forgotten fifo FIFO N: so many threads open it at once, and wait in there until all do.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *fifo;
static atomic_int begun, opened;

static int dirs(const char *dir, int n)
{
	char name[64];
	int done = 0;

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%d", dir, i);
		if (mkdir(name, 0755) || chdir(name))
			break;
		int fd = open("new", O_CREAT | O_WRONLY, 0644);

		done += fd >= 0;
		close(fd);
	}
	return done;
}

static void *open_it(void *ctx)
{
	begun++;
	opened += open(fifo, O_RDONLY) >= 0;
	return ctx;
}

static int threads(int n)
{
	pthread_t *all = calloc((size_t)n, sizeof(*all));
	pthread_attr_t small;

	if (!all || mkfifo(fifo, 0644))
		return 0;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (int i = 0; i < n; i++) {
		if (pthread_create(&all[i], &small, open_it, NULL)) {
			fprintf(stderr, "%d threads\n", i);
			return 0;
		}
	}
	while (begun < n)
		usleep(1000);
	sleep(2); /* the last of them are on their way */
	if (open(fifo, O_WRONLY) < 0)
		return 0;
	for (int i = 0; i < n; i++)
		pthread_join(all[i], NULL);
	return opened;
}

int main(int argc, char **argv)
{
	int done;

	if (argc != 4)
		return 2;
	fifo = argv[2];
	done = !strcmp(argv[1], "dirs") ? dirs(argv[2], atoi(argv[3])) : threads(atoi(argv[3]));
	printf("opened %d\n", done);
	return 0;
}
