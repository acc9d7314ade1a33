/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stand-in for Kata Containers, which no distribution packages and which needs a CPU that
 * virtualises: no virtual machine, no kernel, no isolation. What is real is what the host's kernel
 * sees: the programs by their names, the processes, the system calls, what is said on sockets,
 * and their order. The order is that of Kata 1.12 with containerd 1.6 as it was watched; the agent
 * is asked as Kata 2 and 3 ask it (TTRPC, through the unix socket of the machine's hybrid vsock).
 */
#pragma once

#include "rpc.h"

#define VC_DIR     "/run/vc"
#define SHARED_DIR "/run/kata-containers/shared/sandboxes"
#define PATH_ROOM  512

/* machine.c: what is called qemu-*, cloud-hypervisor, firecracker: the machine and its agent. */
int machine(int argc, char **argv);

/* shim.c: containerd-shim-kata-v2 */
int shim(int argc, char **argv);

void path_of(char *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
int listen_unix(const char *path, size_t len);
int connect_unix(const char *path);
