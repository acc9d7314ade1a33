// SPDX-License-Identifier: GPL-2.0-only
/*
 * Of commands that fetch images by themselves the image that each is about, and nothing that may belong to an option:
 * passwords are given so (--creds, -e). What an option takes that is not known here is not known either.
 */
#include <string.h>

#include "source/recording/distill_state.h"
#include "util/mem.h"

#define IMAGE_MAX 255

/* Words between spaces: of `podman run` and `podman create` (4.3 to 5.6), those that take nothing, the others. */
#define RUN_FLAGS \
	" --detach --disable-content-trust --env-host --help --http-proxy --init --interactive --no-healthcheck" \
	" --no-hostname --no-hosts --oom-kill-disable --passwd --privileged --publish-all --quiet --read-only" \
	" --read-only-tmpfs --replace --rm --rmi --rootfs --sig-proxy --tls-verify --tty --unsetenv-all "
#define RUN_VALUES \
	" --add-host --annotation --arch --attach --authfile --blkio-weight --blkio-weight-device --cap-add --cap-drop" \
	" --cert-dir --cgroup-conf --cgroup-parent --cgroupns --cgroups --chrootdirs --cidfile --conmon-pidfile" \
	" --cpu-period --cpu-quota --cpu-rt-period --cpu-rt-runtime --cpu-shares --cpus --cpuset-cpus --cpuset-mems" \
	" --creds --decryption-key --detach-keys --device --device-cgroup-rule --device-read-bps --device-read-iops" \
	" --device-write-bps --device-write-iops --dns --dns-opt --dns-option --dns-search --entrypoint --env" \
	" --env-file --env-merge --expose --gidmap --gpus --group-add --group-entry --health-cmd --health-interval" \
	" --health-log-destination --health-max-log-count --health-max-log-size --health-on-failure --health-retries" \
	" --health-start-period --health-startup-cmd --health-startup-interval --health-startup-retries" \
	" --health-startup-success --health-startup-timeout --health-timeout --hostname --hosts-file --hostuser" \
	" --image-volume --init-ctr --init-path --intel-rdt-closid --ip --ip6 --ipc --label --label-file" \
	" --log-driver --log-opt --mac-address --memory --memory-reservation --memory-swap --memory-swappiness" \
	" --mount --name --net --network --network-alias --oom-score-adj --os --passwd-entry --personality --pid" \
	" --pidfile --pids-limit --platform --pod --pod-id-file --preserve-fd --preserve-fds --publish --pull" \
	" --rdt-class --requires --restart --retry --retry-delay --sdnotify --seccomp-policy --secret" \
	" --security-opt --shm-size --shm-size-systemd --stop-signal --stop-timeout --subgidname --subuidname" \
	" --sysctl --systemd --timeout --tmpfs --tz --uidmap --ulimit --umask --unsetenv --user --userns --uts" \
	" --variant --volume --volumes-from --workdir "

/* Before the command: somebody else, on another machine, is asked to do it. */
#define AWAY " --remote -r --url --connection -c --identity "

static const struct fetcher {
	const char *program, *command;
	const char *flags; /* options that take nothing */
	const char *
		values; /* those that take something; empty: all others, and it is not known which there are */
	const char *letters; /* of options that take nothing */
	bool all; /* each argument is an image, else the first */
	const char *begins; /* only what begins so */
} fetchers[] = {
	{ "podman", "pull", " --all-tags --disable-content-trust --quiet --tls-verify ", "", "aq",
	  true, "" },
	{ "podman", "run", RUN_FLAGS, RUN_VALUES, "diqtP", false, "" },
	{ "podman", "create", RUN_FLAGS, RUN_VALUES, "diqtP", false, "" },
	{ "skopeo", "copy",
	  " --all --dest-compress --dest-decompress --preserve-digests --quiet --remove-signatures ",
	  "", "aq", false, "docker://" },
};

/* As registries allow them; behind an "@" there is a digest and nothing else, no host behind a password. */
bool ct_distill_is_image(struct ct_text t)
{
	struct ct_text rest = t;

	ct_text_cut(&rest, '@');
	if (rest.len && !ct_text_starts(rest, "sha256:") && !ct_text_starts(rest, "sha512:"))
		return false;
	for (size_t i = 0; i < t.len; i++) {
		char c = t.p[i], low = (char)(c | 0x20);

		if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') && !strchr("_.-:/@", c))
			return false;
	}
	return t.len && t.len <= IMAGE_MAX;
}

bool ct_distill_is_word(const char *words, struct ct_text word)
{
	struct ct_text rest = ct_text(words, strlen(words));

	while (rest.len) {
		struct ct_text each = ct_text_cut(&rest, ' ');

		if (word.len && each.len == word.len && !memcmp(each.p, word.p, word.len))
			return true;
	}
	return false;
}

enum taking {
	TAKES_NOTHING,
	TAKES_NEXT, /* what belongs to it is the next argument, or may be */
	TAKES_UNKNOWN
};

/* Letters take nothing, together, or the last of them does take something, if that is not right behind it. */
static enum taking letters_take(const struct fetcher *f, struct ct_text arg)
{
	size_t i = 1;

	while (i < arg.len && strchr(f->letters, arg.p[i]))
		i++;
	if (i == arg.len)
		return TAKES_NOTHING;
	return *f->values && i + 1 < arg.len ? TAKES_NOTHING : TAKES_NEXT;
}

static enum taking takes(const struct fetcher *f, struct ct_text arg, struct ct_text next)
{
	struct ct_text rest = arg, name = ct_text_cut(&rest, '=');
	bool given = memchr(arg.p, '=', arg.len);

	if (arg.len < 2 || ct_text_is(arg, "--"))
		return TAKES_NOTHING;
	if (ct_text_is(arg, CT_LEFT_OUT_OPTION)) /* as what belonged to it */
		return ct_text_is(next, CT_LEFT_OUT) ? TAKES_NEXT : TAKES_NOTHING;
	if (arg.p[1] != '-')
		return given ? TAKES_NOTHING : letters_take(f, arg);
	if (*f->values && !ct_distill_is_word(f->flags, name) &&
	    !ct_distill_is_word(f->values, name))
		return TAKES_UNKNOWN;
	return given || ct_distill_is_word(f->flags, name) ? TAKES_NOTHING : TAKES_NEXT;
}

static const struct fetcher *fetcher_of(const struct ct_text *args, size_t op_at)
{
	for (size_t i = 0; op_at && i < CT_ARRAY_SIZE(fetchers); i++)
		if (ct_text_is(ct_text_base(args[0]), fetchers[i].program) &&
		    ct_text_is(args[op_at], fetchers[i].command))
			return &fetchers[i];
	return NULL;
}

static bool is_away(const struct ct_text *args, size_t op_at)
{
	for (size_t i = 1; i < op_at; i++) {
		struct ct_text rest = args[i];

		if (ct_distill_is_word(AWAY, ct_text_cut(&rest, '=')))
			return true;
	}
	return false;
}

/* What is to be made is called so. */
static void keep_name(const struct ct_text *args, size_t n, size_t i, bool *kept)
{
	struct ct_text value = args[i], option = ct_text_cut(&value, '=');

	if (!ct_text_is(option, "--name"))
		return;
	if (value.len) {
		kept[i] = ct_distill_is_name(value);
	} else if (i + 1 < n && ct_distill_is_name(args[i + 1])) {
		kept[i] = true;
		kept[i + 1] = true;
	}
}

void ct_distill_images(const struct ct_text *args, size_t n, size_t op_at, bool *kept)
{
	const struct fetcher *f = fetcher_of(args, op_at);
	enum taking taking = TAKES_NOTHING;

	if (!f || (*f->values && is_away(args, op_at)))
		return;
	for (size_t i = op_at + 1; i < n && taking != TAKES_UNKNOWN; i++) {
		if (taking == TAKES_NEXT) {
			taking = TAKES_NOTHING;
			continue;
		}
		if (ct_text_starts(args[i], "-")) {
			taking = takes(f, args[i], i + 1 < n ? args[i + 1] : ct_text("", 0));
			if (*f->values)
				keep_name(args, n, i, kept);
			continue;
		}
		if (ct_distill_is_image(args[i]) && ct_text_starts(args[i], f->begins))
			kept[i] = true;
		if (!f->all)
			return;
	}
}
