/* SPDX-License-Identifier: GPL-2.0-only */
/* What CRI-O executes for what it is asked. */
#pragma once

#include "grpc.h"
#include "runs.h"

#define CRIO   LIFE_CONTAINERD
#define CONMON 701 /* and its children; that of the pod is 10 lower */
#define RUNC   702
#define STAGE  703
#define FIRST  705
#define LATER  706
#define NETNS  4026532001
#define NAMED  "k8s_web_one_shop_u1_0"
#define PAUSED "k8s_POD_one_shop_u1_0"
#define ARGS   "K8S_POD_NAME=one;K8S_POD_NAMESPACE=shop;K8S_POD_UID=u1"

struct run *crio_new(void); /* it runs */
void crio_plugs(struct tape *t, const char *command, const char *id, double ms, double until);
/* What crio itself has runc do, 5 ms long. */
void crio_does(struct tape *t, const char *what, const char *id, double ms, int status);
/* runc executes itself, that forks, and that once more: FIRST + plus is what is left. */
void crio_nsexec(struct tape *t, uint32_t plus);
/* conmon, and for 20 ms the runc that it calls; `plus` is added to the pids. */
void crio_creates(struct tape *t, const char *id, const char *name, uint32_t plus, double ms,
		  int status);
void crio_play(struct run *run); /* in order of time, and long enough */
