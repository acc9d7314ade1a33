/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stand-in for Kata Containers, which no distribution packages and which needs a CPU that
 * virtualises: no virtual machine, no kernel, no isolation. What is real is what the host's kernel
 * sees: the programs by their names, the processes, the system calls, what is said on sockets,
 * and their order. The order is that of Kata 1.12.1 with containerd 1.6 as it was recorded
 * (tests/replay/kata-*). STANDIN_VERSION says for which it stands:
 *
 *   1  1.12: the agent is asked by gRPC, through a machine's serial port (yamux); answers to containerd
 *      have the status of a success, which is empty, as ttrpc before 1.0 wrote it; by hand kata-runtime
 *      with kata-proxy and kata-shim
 *   2  2.x: the agent is asked by TTRPC, through the unix socket of the machine's hybrid vsock; virtiofsd
 *   3  3.x: on the host it is as 2.x
 *
 * Of 2.x and 3.x nothing was watched. With QEMU the agent of those is behind a vsock of the kernel, which
 * nobody hears: here it is a unix socket, too. STANDIN_VMM is the machine's name: QEMU becomes a daemon,
 * the others stay children of who starts them. STANDIN_OPENS: so many files
 * are opened for the guest by the one that serves them; STANDIN_OWN: so many by QEMU for itself, before.
 */
#pragma once

#include "agent.h"
#include "rpc.h"

#define VC_DIR     "/run/vc"
#define SHARED_DIR "/run/kata-containers/shared/sandboxes"
#define PATH_ROOM  512

/* machine.c: what is called qemu-*, cloud-hypervisor, firecracker: the machine and its agent. */
int machine(int argc, char **argv);

/* shim.c: containerd-shim-kata-v2 */
int shim(int argc, char **argv);

void path_of(char *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* sandbox.c: a sandbox with one container, both of one id. */
struct sandbox {
	const char *id, *self; /* self: the program that makes it; the machine's lies beside it */
	char bundle[PATH_ROOM], netns[PATH_ROOM], share[PATH_ROOM];
	int agent;
	uint32_t stream; /* of the last request to the agent */
};

void sandbox_begin(struct sandbox *box);
int sandbox_connect(const struct sandbox *box); /* to its agent */
void sandbox_create(struct sandbox *box);
/* Asks the agent, and waits for its answer. */
struct rpc sandbox_ask(struct sandbox *box, const char *service, const char *method,
		       const char *what, char *buffer);
void sandbox_end(struct sandbox *box);

/* runtime.c: kata-runtime, kata-proxy and kata-shim of 1.x. */
int runtime(int argc, char **argv);
int proxy(int argc, char **argv);
int container_shim(int argc, char **argv);

const char *value_of(int argc, char **argv, const char *option);
/* The agent's socket: of the kernel's vsock with STANDIN_VSOCK, which leaves room for one machine. */
bool agent_by_vsock(void);
int listen_agent(const char *path);
int connect_agent(const char *path);
int standin_version(void);
void leave_stdio(void);
int listen_unix(const char *path, size_t len);
int connect_unix(const char *path);
