// SPDX-License-Identifier: GPL-2.0-only
/*
 * attacker SECONDS DIR VICTIMS [ATTACK]...: what a program on a node, or in a container of it, may
 * try against who watches. Those attacks, or all, run at once, that long; DIR is the attacker's
 * own directory, VICTIMS a file with a line "id name" per container. Needs no privilege, and leaves
 * nothing outside of DIR. `attacker list` prints the attacks.
 *
 * What takes a name executes a copy of this program under that name; ATTACKER_ACT tells the copy
 * what to do.
 */
#include "attacker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct victim victims[VICTIMS_MAX];
unsigned victim_count;
char here[512];

static const struct attack *const all[] = { attacks_names, attacks_storms, attacks_files, NULL };
static const char *victims_file;
static uint64_t until_ms, seed;
static unsigned children;

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

bool time_is_up(void)
{
	return now_ms() >= until_ms;
}

void nap_ms(unsigned ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000l };

	nanosleep(&ts, NULL);
}

uint64_t chance(void)
{
	if (!seed)
		seed = now_ms() * 2654435761u + (uint64_t)getpid();
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

void read_victims(void)
{
	FILE *f = fopen(victims_file, "re");

	victim_count = 0;
	while (f && victim_count < VICTIMS_MAX &&
	       fscanf(f, "%79s %79s", victims[victim_count].id, victims[victim_count].name) == 2)
		victim_count++;
	if (f)
		fclose(f);
}

const struct victim *a_victim(void)
{
	static const struct victim nobody = { "0123456789abcdef", "nobody" };

	if (!victim_count || chance() % 64 == 0)
		read_victims();
	return victim_count ? &victims[chance() % victim_count] : &nobody;
}

void random_id(char id[65])
{
	for (int i = 0; i < 64; i++)
		id[i] = "0123456789abcdef"[chance() % 16];
	id[64] = '\0';
}

/* A copy, not a link: the name of the file is what counts. */
static bool copy_self(const char *path)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	struct stat st;
	bool ok = from >= 0 && to >= 0 && !fstat(from, &st) &&
		  sendfile(to, from, NULL, (size_t)st.st_size) == st.st_size;

	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return ok;
}

void reap(unsigned alive_max)
{
	while (children > alive_max && waitpid(-1, NULL, 0) > 0)
		children--;
	while (children && waitpid(-1, NULL, WNOHANG) > 0)
		children--;
}

int spawn(const char *name, const char *act, const char *const *args)
{
	char path[1024], *argv[64];
	size_t n = 0;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%s", here, name);
	argv[n++] = path;
	while (args && *args && n < 63)
		argv[n++] = (char *)(uintptr_t)*args++;
	argv[n] = NULL;
	if (access(path, F_OK))
		copy_self(path);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setenv("ATTACKER_ACT", act, 1);
		for (int tries = 0; tries < 50; tries++) {
			execv(path, argv);
			if (errno != ETXTBSY) /* another copies it right now */
				break;
			nap_ms(2);
		}
		_exit(1);
	}
	children += pid > 0;
	return pid;
}

void spawn_exit(const char *name, const char *const *args)
{
	spawn(name, "exit", args);
	reap(0);
}

static const struct attack *attack_of(const char *name)
{
	for (size_t i = 0; all[i]; i++) {
		for (const struct attack *a = all[i]; a->name; a++) {
			if (!strcmp(a->name, name))
				return a;
		}
	}
	return NULL;
}

static int act(const char *what)
{
	const char *ms = getenv("ATTACKER_UNTIL"), *dir = getenv("ATTACKER_DIR");

	if (!strcmp(what, "exit") || !ms || !dir)
		return 0;
	victims_file = getenv("ATTACKER_VICTIMS");
	until_ms = strtoull(ms, NULL, 10);
	snprintf(here, sizeof(here), "%s", dir);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (attack_of(what))
		attack_of(what)->run();
	while (!time_is_up())
		nap_ms(50);
	return 0;
}

/* One attack, in a process and a directory of its own: what it starts ends with it. */
static void begin(const struct attack *a)
{
	const char *const none[] = { NULL };
	char dir[512];

	if (fork())
		return;
	children = 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(dir, sizeof(dir), "%s", here);
	if (snprintf(here, sizeof(here), "%s/%s", dir, a->name) >= (int)sizeof(here) ||
	    mkdir(here, 0755) || chdir(here)) {
		perror(here);
		_exit(1);
	}
	setenv("ATTACKER_DIR", here, 1);
	/* forged words are said by who has the name: the attack itself runs in its copy */
	spawn(a->doc[0] == '@' ? strtok(strdup(a->doc + 1), " ") : "plain", a->name, none);
	reap(0);
	_exit(0);
}

static int list(void)
{
	for (size_t i = 0; all[i]; i++) {
		for (const struct attack *a = all[i]; a->name; a++)
			printf("%-12s %s\n", a->name, a->doc + (a->doc[0] == '@'));
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = getenv("ATTACKER_ACT");
	char ms[32];

	signal(SIGPIPE, SIG_IGN);
	if (what)
		return act(what);
	if (argc == 2 && !strcmp(argv[1], "list"))
		return list();
	if (argc < 4 || chdir(argv[2]) || !getcwd(here, sizeof(here) - 32))
		return 2;
	until_ms = now_ms() + strtoull(argv[1], NULL, 10) * 1000;
	snprintf(ms, sizeof(ms), "%llu", (unsigned long long)until_ms);
	setenv("ATTACKER_UNTIL", ms, 1);
	setenv("ATTACKER_VICTIMS", argv[3], 1);
	for (size_t i = 0; all[i]; i++) {
		for (const struct attack *a = all[i]; a->name; a++) {
			bool wanted = argc == 4;

			for (int k = 4; k < argc; k++)
				wanted |= !strcmp(argv[k], a->name);
			if (wanted)
				begin(a);
		}
	}
	while (wait(NULL) > 0)
		;
	return 0;
}
