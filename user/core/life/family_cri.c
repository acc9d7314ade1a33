// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Kubernetes asks for: pods, and containers in them. The engine's part for the runtime
 * interface asks its own other parts without any socket between, so the evidence is the kubelet's
 * requests, the network plugins, and what the shim is asked. Watched on containerd 1.6.20;
 * pkg/cri/server/{sandbox_run,sandbox_stop,container_start,events}.go of 1.6 have the order.
 */
#include "core/life/family.h"

#define M(symbol) CT_MARK_##symbol
#define P(symbol) CT_PHASE_##symbol
#define CRI(name) "RuntimeService/" name

/* The sandbox: the network is set up before anything else, and torn down after the last exit. */
static const struct ct_rule pod_rules[] = {
	/* signal, what, mark, keep, after, before */
	{ CT_SIG_ENGINE_REQUEST, CRI("RunPodSandbox"), M(CREATE_BEGIN), CT_FIRST, M(NONE),
	  M(NONE) },
	{ CT_SIG_PROGRAM, "network setup", M(CONNECT_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM_END, "network setup", M(CONNECT_END), CT_LAST, M(NONE),
	  M(TASK_CREATE_BEGIN) },
	{ CT_SIG_PROGRAM, "shim spawn", M(TASK_CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_REQUEST, "Create", M(TASK_CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Create", M(TASK_CREATE_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_REQUEST, "Start", M(TASK_START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_INIT_EXEC, NULL, M(INIT_EXEC), CT_FIRST, M(NONE), M(NONE) },
	/* A sandbox serves nobody: it is ready when the kubelet may go on. */
	{ CT_SIG_ENGINE_ANSWER, CRI("RunPodSandbox"), M(READY), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, CRI("RunPodSandbox"), M(START_END), CT_FIRST, M(NONE), M(NONE) },

	{ CT_SIG_ENGINE_REQUEST, CRI("StopPodSandbox"), M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_TASK_REQUEST, "Kill", M(STOP_BEGIN), CT_FIRST, M(NONE), M(EXIT) },
	{ CT_SIG_INIT_EXIT, NULL, M(EXIT), CT_FIRST, M(NONE), M(NONE) },
	CT_RULES_OF_MACHINES,
	{ CT_SIG_TASK_REQUEST, "Delete", M(TASK_DELETE_BEGIN), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Delete", M(TASK_DELETE_END), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Delete", M(DIE_END), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_PROGRAM, "network teardown", M(DISCONNECT_BEGIN), CT_FIRST, M(DIE_END), M(NONE) },
	{ CT_SIG_PROGRAM_END, "network teardown", M(DISCONNECT_END), CT_LAST, M(DISCONNECT_BEGIN),
	  M(STOP_END) },
	{ CT_SIG_ENGINE_ANSWER, CRI("StopPodSandbox"), M(STOP_END), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_ENGINE_REQUEST, CRI("RemovePodSandbox"), M(REMOVE_BEGIN), CT_FIRST, M(NONE),
	  M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, CRI("RemovePodSandbox"), M(REMOVE_END), CT_LAST, M(NONE), M(NONE) },
};

static const struct ct_span pod_start[] = {
	/* phase, from, to, gap before it, optional, past */
	{ P(CONNECT), M(CONNECT_BEGIN), { M(CONNECT_END) }, P(CLIENT), true, M(TASK_CREATE_BEGIN) },
	{ P(CREATE), M(CREATE_BEGIN), { M(TASK_CREATE_END) }, P(UNKNOWN), false, M(NONE) },
	{ P(START), M(TASK_CREATE_END), { M(START_END) }, P(UNKNOWN), false, M(NONE) },
};

static const struct ct_span pod_stop[] = {
	{ P(STOP), M(STOP_BEGIN), { M(EXIT) }, P(CLIENT), true, M(NONE) },
	{ P(DIE), M(EXIT), { M(DIE_END) }, P(UNKNOWN), false, M(NONE) },
	{ P(DISCONNECT),
	  M(DISCONNECT_BEGIN),
	  { M(STOP_END), M(DISCONNECT_END) },
	  P(UNKNOWN),
	  true,
	  M(NONE) },
	{ P(DESTROY), M(REMOVE_BEGIN), { M(REMOVE_END) }, P(CLIENT), true, M(NONE) },
};

static const struct ct_cause_row pod_causes[] = {
	{ "Kill", CRI("StopPodSandbox") },
};

/* A sandbox that runs is stopped before it is removed: what removes comes first. */
static const struct ct_proof pod_proofs[] = {
	/* request, marks, files, refused, refutes */
	{ CRI("RemovePodSandbox"), { M(NONE), M(NONE) }, true, false, CT_REFUTES_NEVER },
	{ CRI("StopPodSandbox"), { M(STOP_BEGIN), M(EXIT) }, false, false, CT_REFUTES_RUNNING },
	{ CRI("StopPodSandbox"),
	  { M(DISCONNECT_BEGIN), M(DISCONNECT_END) },
	  false,
	  false,
	  CT_REFUTES_NEVER },
};

static enum ct_effect pod_follow(struct ct_container *c, enum ct_signal signal, struct ct_text what,
				 uint64_t ts_ns)
{
	uint64_t *m = c->run.marks;

	/* The namespace is made before the first plugin is called, and right after the request. */
	if (signal == CT_SIG_PROGRAM && m[CT_MARK_CONNECT_BEGIN] == ts_ns &&
	    m[CT_MARK_CREATE_BEGIN])
		m[CT_MARK_CONNECT_BEGIN] = m[CT_MARK_CREATE_BEGIN];
	/* Between the exit of the sandbox and the first plugin nothing else is done. */
	if (signal == CT_SIG_PROGRAM && m[CT_MARK_DISCONNECT_BEGIN] == ts_ns)
		m[CT_MARK_DISCONNECT_BEGIN] = m[CT_MARK_DIE_END];
	if (signal == CT_SIG_ENGINE_ANSWER && ct_text_is(what, CRI("RemovePodSandbox")))
		c->removed = true;
	if (signal == CT_SIG_UNLINK)
		c->files_gone_ns = ts_ns;
	return CT_EFFECT_NONE;
}

const struct ct_family ct_family_pod = {
	.number = CT_FAMILY_POD,
	.name = "cri pod",
	.engine = "containerd",
	.grpc = true,
	.kills_end = true,
	.rules = pod_rules,
	.rule_count = CT_RULE_COUNT(pod_rules),
	.start = pod_start,
	.start_count = CT_ARRAY_SIZE(pod_start),
	.stop = pod_stop,
	.stop_count = CT_ARRAY_SIZE(pod_stop),
	.causes = pod_causes,
	.cause_count = CT_ARRAY_SIZE(pod_causes),
	.proofs = pod_proofs,
	.proof_count = CT_ARRAY_SIZE(pod_proofs),
	.fails = { CRI("RunPodSandbox") },
	.begins = { M(CREATE_BEGIN), M(TASK_CREATE_BEGIN) },
	.opens = { M(CREATE_BEGIN), M(TASK_CREATE_BEGIN) },
	.asked = M(CREATE_BEGIN),
	.stopped = M(DIE_END),
	.remove_wait_ns = 2000 * CT_NS_PER_MS,
	.follow = pod_follow,
};

/* A container: it gets no shim of its own, the one of its sandbox serves it. */
static const struct ct_rule rules[] = {
	/* signal, what, mark, keep, after, before */
	{ CT_SIG_ENGINE_REQUEST, CRI("CreateContainer"), M(CREATE_BEGIN), CT_FIRST, M(NONE),
	  M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, CRI("CreateContainer"), M(CREATE_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_ENGINE_REQUEST, CRI("StartContainer"), M(START_BEGIN), CT_FIRST, M(NONE),
	  M(NONE) },
	{ CT_SIG_ENGINE_REQUEST, CRI("StartContainer"), M(TASK_CREATE_BEGIN), CT_FIRST, M(NONE),
	  M(NONE) },
	{ CT_SIG_PROGRAM, "shim spawn", M(TASK_CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_REQUEST, "Create", M(TASK_CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Create", M(TASK_CREATE_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_REQUEST, "Start", M(TASK_START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Start", M(TASK_START_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_INIT_EXEC, NULL, M(INIT_EXEC), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Start", M(START_END), CT_FIRST, M(NONE), M(START_BEGIN) },
	{ CT_SIG_ENGINE_ANSWER, CRI("StartContainer"), M(START_END), CT_FIRST, M(NONE), M(NONE) },

	{ CT_SIG_ENGINE_REQUEST, CRI("StopContainer"), M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_TASK_REQUEST, "Kill", M(STOP_BEGIN), CT_FIRST, M(NONE), M(EXIT) },
	{ CT_SIG_INIT_EXIT, NULL, M(EXIT), CT_FIRST, M(NONE), M(NONE) },
	CT_RULES_OF_MACHINES,
	{ CT_SIG_TASK_REQUEST, "Delete", M(TASK_DELETE_BEGIN), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Delete", M(TASK_DELETE_END), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Delete", M(DIE_END), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_ENGINE_REQUEST, CRI("RemoveContainer"), M(REMOVE_BEGIN), CT_FIRST, M(NONE),
	  M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, CRI("RemoveContainer"), M(REMOVE_END), CT_LAST, M(NONE), M(NONE) },
};

static const struct ct_span start[] = {
	{ P(PULL), M(PULL_BEGIN), { M(PULL_END) }, P(CLIENT), true, M(CREATE_BEGIN) },
	{ P(CREATE), M(CREATE_BEGIN), { M(CREATE_END) }, P(CLIENT), true, M(TASK_CREATE_BEGIN) },
	{ P(START), M(TASK_CREATE_BEGIN), { M(START_END) }, P(CLIENT), false, M(NONE) },
	{ P(READY), M(START_END), { M(READY) }, P(UNKNOWN), false, M(NONE) },
};

static const struct ct_span stop[] = {
	{ P(STOP), M(STOP_BEGIN), { M(EXIT) }, P(CLIENT), true, M(NONE) },
	{ P(DIE), M(EXIT), { M(DIE_END) }, P(UNKNOWN), false, M(NONE) },
	{ P(DESTROY), M(REMOVE_BEGIN), { M(REMOVE_END) }, P(CLIENT), true, M(NONE) },
};

static const struct ct_again again[] = {
	{ CT_SIG_TASK_REQUEST, "Create", CT_CAUSE_REQUEST },
};

static const struct ct_cause_row causes[] = {
	{ "shim spawn", CRI("StartContainer") },
	{ "Create", CRI("StartContainer") },
	{ "Kill", CRI("StopContainer") },
};

/*
 * What starts asks the shim to create the container and is answered when it has been started, or that
 * could not be; what ends it kills it and is answered when it is dead. What reads does neither, and is
 * answered before either is done.
 */
static const struct ct_proof proofs[] = {
	/* request, marks, files, refused, refutes */
	{ CRI("RemoveContainer"), { M(NONE), M(NONE) }, true, false, CT_REFUTES_NEVER },
	{ CRI("StartContainer"),
	  { M(TASK_CREATE_END), M(TASK_START_END) },
	  false,
	  false,
	  CT_REFUTES_ALWAYS },
	{ CRI("StartContainer"), { M(TASK_CREATE_BEGIN), M(NONE) }, false, true, CT_REFUTES_NEVER },
	{ CRI("StopContainer"), { M(STOP_BEGIN), M(EXIT) }, false, false, CT_REFUTES_RUNNING },
};

static enum ct_effect follow(struct ct_container *c, enum ct_signal signal, struct ct_text what,
			     uint64_t ts_ns)
{
	if (signal == CT_SIG_ENGINE_ANSWER && ct_text_is(what, CRI("RemoveContainer")))
		c->removed = true;
	if (signal == CT_SIG_UNLINK)
		c->files_gone_ns = ts_ns;
	return CT_EFFECT_NONE;
}

const struct ct_family ct_family_cri = {
	.number = CT_FAMILY_CRI,
	.name = "cri container",
	.engine = "containerd",
	.pods = &ct_family_pod,
	.grpc = true,
	.kills_end = true,
	CT_FAMILY_TABLES,
	CT_FAMILY_CAUSES,
	.proofs = proofs,
	.proof_count = CT_ARRAY_SIZE(proofs),
	.fails = { CRI("StartContainer") },
	.begins = { M(PULL_BEGIN), M(CREATE_BEGIN), M(TASK_CREATE_BEGIN) },
	.opens = { M(TASK_CREATE_BEGIN) },
	.asked = M(TASK_CREATE_BEGIN),
	.stopped = M(DIE_END),
	.remove_wait_ns = 2000 * CT_NS_PER_MS,
	.follow = follow,
};
