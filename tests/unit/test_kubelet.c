// SPDX-License-Identifier: GPL-2.0-only
/* What a kubelet does for a pod, told by the paths that it uses. */
#include <criterion/criterion.h>

#include "core/hear/kubelet.h"

struct event {
	struct ct_event e;
	char tail[512];
};

static struct event of(enum ct_pod_sub sub, const char *text, size_t len)
{
	struct event ev = { .e = { .kind = CT_KIND_POD, .sub = sub, .tail_len = (uint16_t)len } };

	cr_assert_leq(len, sizeof(ev.tail));
	memcpy(ev.e.tail, text, len);
	return ev;
}

Test(kubelet, cgroups)
{
	static const struct {
		const char *path, *uid;
	} cases[] = {
		{ "/kubepods/podu-1", "u-1" },
		{ "/kubepods/burstable/podu-1", "u-1" },
		{ "/kubepods.slice/kubepods-podu_1.slice", "u-1" },
		{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podu_1_2.slice",
		  "u-1-2" },
		{ "/kubepods", NULL },
		{ "/kubepods/burstable", NULL },
		{ "/kubepods/podu-1/0123", NULL },
		{ "/kubepods.slice/kubepods-burstable.slice", NULL },
		{ "/kubepods.slice/kubepods-podu_1.slice/cri-containerd-0123.scope", NULL },
		{ "/kubepods/pod", NULL },
		{ "/kubepods/pod..", NULL },
		{ "/system.slice/podman.service", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event ev = of(CT_POD_CGROUP, cases[i].path, strlen(cases[i].path));
		struct ct_preparing p;

		cr_expect_eq(ct_preparing_parse(&ev.e, &p), cases[i].uid != NULL, "%s",
			     cases[i].path);
		if (cases[i].uid)
			cr_expect_str_eq(p.uid, cases[i].uid);
		cr_expect_eq(p.volume.len, 0);
	}
}

#define ARGS(text) text, sizeof(text) - 1

Test(kubelet, mounts)
{
	static const struct {
		const char *args;
		size_t len;
		const char *uid, *name;
	} cases[] = {
		{ ARGS("mount\0-t\0tmpfs\0tmpfs\0/var/lib/kubelet/pods/u-1/volumes/kubernetes.io~secret/token\0"),
		  "u-1", "token" },
		{ ARGS("gs\0/a/pods/u-1/volumes/kubernetes.io~csi/data/mount\0"), "u-1", "data" },
		{ ARGS("mount\0/x/pods/u-1/volume-subpaths/conf/app/3"), "u-1", "conf" },
		{ ARGS("/srv/pods/x/y/pods/u-1/volumes/p/n"), "u-1", "n" },
		{ ARGS("mount\0/var/lib/kubelet/pods/u-1/volumes/p/n\0/mnt\0"), NULL, NULL },
		{ ARGS("mount\0/var/lib/kubelet/pods//volumes/p/n"), NULL, NULL },
		{ ARGS("mount\0/var/lib/kubelet/pods/u 1/volumes/p/n"), NULL, NULL },
		{ ARGS("mount\0/var/lib/kubelet/pods/u-1"), NULL, NULL },
		{ ARGS("mount\0/var/lib/kubelet/pods/u-1/etc-hosts"), NULL, NULL },
		{ ARGS("mount\0-a\0\0\0"), NULL, NULL },
		{ ARGS("\0\0"), NULL, NULL },
		{ ARGS(""), NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event ev = of(CT_POD_MOUNT, cases[i].args, cases[i].len);
		struct ct_preparing p;
		struct ct_text name;

		cr_expect_eq(ct_preparing_parse(&ev.e, &p), cases[i].uid != NULL, "%zu", i);
		if (!cases[i].uid)
			continue;
		cr_expect_str_eq(p.uid, cases[i].uid);
		name = ct_preparing_name(&p);
		cr_expect(ct_text_is(name, cases[i].name), "%zu: %.*s", i, (int)name.len, name.p);
	}
}

Test(kubelet, what_it_is_not_known_of)
{
	struct event ev = of(0, "/kubepods/podu-1", 16);
	struct ct_preparing p;

	cr_expect_not(ct_preparing_parse(&ev.e, &p));
	ev.e.sub = 99;
	cr_expect_not(ct_preparing_parse(&ev.e, &p));
}
