// SPDX-License-Identifier: GPL-2.0-only
/* Paths of Kubernetes: pkg/kubelet/cm (cgroups), pkg/kubelet/kubelet_getters.go (volumes). */
#include "core/hear/kubelet.h"

#define PODS "/pods/"

static bool is_of_uid(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-';
}

/* systemd has a meaning for '-', and gets '_' instead. */
static bool take_uid(char to[CT_POD_UID_LEN], struct ct_text uid)
{
	if (!uid.len || uid.len >= CT_POD_UID_LEN)
		return false;
	for (size_t i = 0; i < uid.len; i++) {
		to[i] = uid.p[i] == '_' ? '-' : uid.p[i];
		if (!is_of_uid(to[i]))
			return false;
	}
	to[uid.len] = '\0';
	return true;
}

static bool ends_with(struct ct_text t, const char *s)
{
	size_t n = strlen(s);

	return t.len >= n && !memcmp(t.p + t.len - n, s, n);
}

/* "/kubepods/burstable/podUID", "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUID.slice". */
static bool parse_cgroup(struct ct_text path, struct ct_preparing *ret)
{
	static const char slice[] = ".slice", before[] = "-pod";
	struct ct_text name = ct_text_base(path);

	if (!ct_text_starts(path, "/kubepods"))
		return false;
	if (ct_text_starts(name, "pod"))
		return take_uid(ret->uid, ct_text(name.p + 3, name.len - 3));
	if (!ct_text_starts(name, "kubepods-") || !ends_with(name, slice))
		return false;
	name.len -= sizeof(slice) - 1;
	for (size_t i = 0; i + sizeof(before) <= name.len; i++) {
		if (!memcmp(name.p + i, before, sizeof(before) - 1))
			return take_uid(ret->uid, ct_text(name.p + i + sizeof(before) - 1,
							  name.len - i - sizeof(before) + 1));
	}
	return false;
}

/* The last argument; of many only the last bytes are there. */
static struct ct_text last_of(struct ct_text args)
{
	const char *at;

	while (args.len && !args.p[args.len - 1])
		args.len--;
	at = args.len ? memrchr(args.p, '\0', args.len) : NULL;
	if (at)
		args = ct_text(at + 1, args.len - (size_t)(at + 1 - args.p));
	return args;
}

/* ".../pods/UID/volumes/PLUGIN/NAME", ".../pods/UID/volume-subpaths/NAME/...": where kubelet keeps its own is its affair. */
static bool parse_mount(struct ct_text path, struct ct_preparing *ret)
{
	for (size_t i = 0; i + sizeof(PODS) < path.len; i++) {
		struct ct_text rest = ct_text(path.p + i, path.len - i), uid;

		if (!ct_text_starts(rest, PODS))
			continue;
		rest = ct_text(rest.p + sizeof(PODS) - 1, rest.len - sizeof(PODS) + 1);
		uid = ct_text_cut(&rest, '/');
		if (!ct_text_starts(rest, "volume") || !take_uid(ret->uid, uid))
			continue;
		ret->path = path;
		ret->volume = rest;
		return true;
	}
	return false;
}

bool ct_preparing_parse(const struct ct_event *e, struct ct_preparing *ret)
{
	struct ct_text tail = ct_text(e->tail, e->tail_len);

	memset(ret, 0, sizeof(*ret));
	switch (e->sub) {
	case CT_POD_CGROUP:
		return parse_cgroup(tail, ret);
	case CT_POD_MOUNT:
		return parse_mount(last_of(tail), ret);
	default:
		return false;
	}
}

struct ct_text ct_preparing_name(const struct ct_preparing *p)
{
	struct ct_text rest = p->volume, kind = ct_text_cut(&rest, '/');

	if (ct_text_is(kind, "volumes"))
		ct_text_cut(&rest, '/'); /* of which plugin it is */
	return ct_text_cut(&rest, '/');
}
