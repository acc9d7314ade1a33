// SPDX-License-Identifier: GPL-2.0-only
/*
 * silent DIR COMMAND...: runs the command with a file system mounted at DIR that never answers, which
 * nobody else sees. Says "ready" when it is so. $SILENT_FUSE is used instead of /dev/fuse.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void mount_silence(const char *at)
{
	const char *device = getenv("SILENT_FUSE");
	int fd = open(device ? device : "/dev/fuse", O_RDWR);
	char options[128];

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
		 fd);
	if (fd < 0 || mount("silent", at, "fuse", MS_NOSUID | MS_NODEV, options))
		die("mount a FUSE file system");
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: silent DIR COMMAND...\n");
		return 2;
	}
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		die("make a mount namespace");
	mount_silence(argv[1]);
	puts("ready");
	fflush(stdout);
	execvp(argv[2], argv + 2);
	die(argv[2]);
}
