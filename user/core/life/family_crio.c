// SPDX-License-Identifier: GPL-2.0-only
/*
 * CRI-O: the kubelet asks, the network plugins and pinns are executed, conmon for each container
 * calls the runtime to create it, and CRI-O itself calls it for all else. A pod has a process of its
 * own (the pause container) or none, as it is configured. Where the kubelet was not heard the
 * processes tell what they can. Seen in recordings of CRI-O 1.26.4, conmon 2.1.6 and runc 1.1.5
 * beside CRI-O's own log; server/{sandbox_run,sandbox_stop,container_stop}_linux.go of 1.26.
 */
#include "core/life/family.h"

#define M(symbol) CT_MARK_##symbol
#define P(symbol) CT_PHASE_##symbol
#define CRI(name) "RuntimeService/" name

/* CRI-O saves its state behind each, and answers then: a step is over with the answer to it. */
static const struct ct_rule rules[] = {
	/* signal, what, mark, keep, after, before */
	{ CT_SIG_ENGINE_REQUEST, CRI("CreateContainer"), M(CREATE_BEGIN), CT_LAST, M(NONE),
	  M(START_BEGIN) },
	{ CT_SIG_PROGRAM, "conmon", M(TASK_CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM, "conmon", M(CREATE_BEGIN), CT_FIRST, M(NONE), M(START_BEGIN) },
	{ CT_SIG_PROGRAM_DONE, "runtime create", M(TASK_CREATE_END), CT_FIRST, M(CREATE_BEGIN),
	  M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, CRI("CreateContainer"), M(CREATE_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_ENGINE_REQUEST, CRI("StartContainer"), M(START_BEGIN), CT_FIRST, M(NONE),
	  M(NONE) },
	{ CT_SIG_PROGRAM, "runtime start", M(TASK_START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM, "runtime start", M(START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_INIT_EXEC, NULL, M(INIT_EXEC), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, CRI("StartContainer"), M(START_END), CT_FIRST, M(NONE), M(NONE) },

	{ CT_SIG_ENGINE_REQUEST, CRI("StopContainer"), M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_PROGRAM, "runtime kill", M(STOP_BEGIN), CT_FIRST, M(NONE), M(EXIT) },
	{ CT_SIG_INIT_EXIT, NULL, M(EXIT), CT_FIRST, M(NONE), M(NONE) },
	/* conmon has written down how it ended, and is gone. */
	{ CT_SIG_SHIM_EVENT, "exit", M(DIE_END), CT_FIRST, M(EXIT), M(NONE) },
	/* Who asks for it when it has ended by itself is told so: that is no part of its end. */
	{ CT_SIG_ENGINE_ANSWER, CRI("StopContainer"), M(STOP_END), CT_FIRST, M(STOP_BEGIN),
	  M(NONE) },
	{ CT_SIG_ENGINE_REQUEST, CRI("RemoveContainer"), M(REMOVE_BEGIN), CT_FIRST, M(NONE),
	  M(NONE) },
	{ CT_SIG_PROGRAM, "runtime delete", M(TASK_DELETE_BEGIN), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_PROGRAM, "runtime delete", M(REMOVE_BEGIN), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_PROGRAM_DONE, "runtime delete", M(TASK_DELETE_END), CT_FIRST, M(TASK_DELETE_BEGIN),
	  M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, CRI("RemoveContainer"), M(REMOVE_END), CT_LAST, M(NONE), M(NONE) },
};

static const struct ct_span start[] = {
	/* phase, from, to, gap before it, optional, past */
	{ P(CREATE), M(CREATE_BEGIN), { M(CREATE_END) }, P(CLIENT), true, M(START_BEGIN) },
	{ P(START), M(START_BEGIN), { M(START_END) }, P(CLIENT), false, M(NONE) },
	{ P(READY), M(START_END), { M(READY) }, P(UNKNOWN), false, M(NONE) },
};

static const struct ct_span stop[] = {
	{ P(STOP), M(STOP_BEGIN), { M(EXIT) }, P(CLIENT), true, M(NONE) },
	{ P(DIE), M(EXIT), { M(DIE_END), M(STOP_END) }, P(UNKNOWN), false, M(NONE) },
	{ P(DESTROY), M(REMOVE_BEGIN), { M(REMOVE_END) }, P(CLIENT), true, M(NONE) },
};

/* What CRI-O executes follows from what it is asked, also where nobody has heard the name of that. */
static const struct ct_cause_row causes[] = {
	{ "runtime start", CRI("StartContainer") },
	{ "runtime kill", CRI("StopContainer") },
	{ "runtime delete", CRI("RemoveContainer") },
};

/*
 * What starts has the runtime start it, what ends it has it killed and is answered when it is dead, and
 * what removes it deletes it. What reads calls the runtime for its state at most.
 */
static const struct ct_proof proofs[] = {
	/* request, marks, files, refused, refutes */
	{ CRI("RemoveContainer"),
	  { M(TASK_DELETE_BEGIN), M(TASK_DELETE_END) },
	  false,
	  false,
	  CT_REFUTES_NEVER },
	{ CRI("StartContainer"),
	  { M(TASK_START_BEGIN), M(NONE) },
	  false,
	  false,
	  CT_REFUTES_ALWAYS },
	{ CRI("StartContainer"), { M(TASK_START_BEGIN), M(NONE) }, false, true, CT_REFUTES_NEVER },
	{ CRI("StopContainer"), { M(STOP_BEGIN), M(EXIT) }, false, false, CT_REFUTES_RUNNING },
};

/* What a program does is all that was heard of it: nobody was heard who has asked for it. */
static bool unasked(const uint64_t *m, enum ct_mark asked, enum ct_mark program)
{
	return m[program] && m[asked] == m[program];
}

static enum ct_effect create_ends(struct ct_container *c, bool failed, uint64_t ts_ns)
{
	uint64_t *m = c->run.marks;

	if (m[CT_MARK_CREATE_END] || !unasked(m, CT_MARK_CREATE_BEGIN, CT_MARK_TASK_CREATE_BEGIN))
		return CT_EFFECT_NONE;
	if (failed)
		return CT_EFFECT_FAILED;
	m[CT_MARK_CREATE_END] = ts_ns;
	return CT_EFFECT_NONE;
}

static enum ct_effect start_ends(struct ct_container *c, bool failed, uint64_t ts_ns)
{
	uint64_t *m = c->run.marks;

	if (m[CT_MARK_START_END] || !unasked(m, CT_MARK_START_BEGIN, CT_MARK_TASK_START_BEGIN))
		return CT_EFFECT_NONE;
	if (failed)
		return CT_EFFECT_FAILED;
	m[CT_MARK_START_END] = ts_ns;
	return CT_EFFECT_NONE;
}

static void delete_ends(struct ct_container *c, uint64_t ts_ns)
{
	uint64_t *m = c->run.marks;

	if (!unasked(m, CT_MARK_REMOVE_BEGIN, CT_MARK_TASK_DELETE_BEGIN))
		return;
	m[CT_MARK_REMOVE_END] = ts_ns;
	c->removed = true;
}

/* Where no request was heard, the program that it leads to ends what it began. */
static enum ct_effect program_ended(struct ct_container *c, struct ct_text what, bool failed,
				    uint64_t ts_ns)
{
	if (ct_text_is(what, "runtime create"))
		return create_ends(c, failed, ts_ns);
	if (ct_text_is(what, "runtime start"))
		return start_ends(c, failed, ts_ns);
	if (ct_text_is(what, "runtime delete") && !failed)
		delete_ends(c, ts_ns);
	return CT_EFFECT_NONE;
}

static enum ct_effect follow(struct ct_container *c, enum ct_signal signal, struct ct_text what,
			     uint64_t ts_ns)
{
	if (signal == CT_SIG_PROGRAM_DONE || signal == CT_SIG_PROGRAM_FAILED)
		return program_ended(c, what, signal == CT_SIG_PROGRAM_FAILED, ts_ns);
	if (signal == CT_SIG_ENGINE_ANSWER && ct_text_is(what, CRI("RemoveContainer")))
		c->removed = true;
	return CT_EFFECT_NONE;
}

const struct ct_family ct_family_crio = {
	.number = CT_FAMILY_CRIO,
	.name = "crio",
	.engine = "crio",
	.grpc = true,
	.kills_end = true,
	.pods = &ct_family_crio_pod,
	CT_FAMILY_CAUSES,
	.proofs = proofs,
	.proof_count = CT_ARRAY_SIZE(proofs),
	CT_FAMILY_LIVES,
	.fails = { CRI("CreateContainer"), CRI("StartContainer") },
	.monitor = "conmon",
	.execs_monitored = true, /* kubelets probe so */
	.begins = { M(CREATE_BEGIN), M(START_BEGIN) },
	.opens = { M(START_BEGIN) },
	.asked = M(START_BEGIN),
	.stopped = M(DIE_END),
	.remove_wait_ns = 2000 * CT_NS_PER_MS,
	.first_exec_is_init = true,
	.follow = follow,
};

/*
 * The sandbox: namespaces are pinned, the network is set up, a process of its own is created and
 * started if it gets one. Its network is torn down first, and that process ends last.
 */
static const struct ct_rule pod_rules[] = {
	/* signal, what, mark, keep, after, before */
	{ CT_SIG_ENGINE_REQUEST, CRI("RunPodSandbox"), M(CREATE_BEGIN), CT_LAST, M(NONE),
	  M(START_END) },
	/* What there is to do before its network is done then. */
	{ CT_SIG_PROGRAM, "network setup", M(CREATE_END), CT_FIRST, M(NONE), M(START_END) },
	{ CT_SIG_PROGRAM, "network setup", M(CONNECT_BEGIN), CT_FIRST, M(NONE), M(START_END) },
	{ CT_SIG_PROGRAM_END, "network setup", M(CONNECT_END), CT_LAST, M(CONNECT_BEGIN),
	  M(START_END) },
	{ CT_SIG_PROGRAM, "conmon", M(TASK_CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM_DONE, "runtime create", M(TASK_CREATE_END), CT_FIRST, M(TASK_CREATE_BEGIN),
	  M(NONE) },
	{ CT_SIG_PROGRAM_DONE, "runtime create", M(CREATE_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM, "runtime start", M(TASK_START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_INIT_EXEC, NULL, M(INIT_EXEC), CT_FIRST, M(NONE), M(NONE) },
	/* Without a process of its own it is made with the answer, not started. */
	{ CT_SIG_ENGINE_ANSWER, CRI("RunPodSandbox"), M(START_SAVED), CT_FIRST, M(NONE),
	  M(TASK_CREATE_END) },
	{ CT_SIG_ENGINE_ANSWER, CRI("RunPodSandbox"), M(CREATE_END), CT_FIRST, M(NONE), M(NONE) },
	/* A sandbox serves nobody: it is ready when the kubelet may go on. */
	{ CT_SIG_ENGINE_ANSWER, CRI("RunPodSandbox"), M(READY), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, CRI("RunPodSandbox"), M(START_END), CT_FIRST, M(NONE), M(NONE) },

	{ CT_SIG_ENGINE_REQUEST, CRI("StopPodSandbox"), M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_PROGRAM, "runtime kill", M(STOP_BEGIN), CT_FIRST, M(NONE), M(EXIT) },
	/* SAVED: what there is to do before that is done, whichever comes first. */
	{ CT_SIG_PROGRAM, "network teardown", M(SAVED), CT_FIRST, M(STOP_BEGIN), M(EXIT) },
	{ CT_SIG_PROGRAM, "network teardown", M(DISCONNECT_BEGIN), CT_FIRST, M(STOP_BEGIN),
	  M(EXIT) },
	{ CT_SIG_PROGRAM_END, "network teardown", M(DISCONNECT_END), CT_LAST, M(DISCONNECT_BEGIN),
	  M(EXIT) },
	{ CT_SIG_INIT_EXIT, NULL, M(EXIT), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_INIT_EXIT, NULL, M(SAVED), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_INIT_EXIT, NULL, M(TASK_DELETE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_SHIM_EVENT, "exit", M(DIE_END), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, CRI("StopPodSandbox"), M(SAVED), CT_FIRST, M(STOP_BEGIN), M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, CRI("StopPodSandbox"), M(STOP_END), CT_FIRST, M(STOP_BEGIN),
	  M(NONE) },
	{ CT_SIG_ENGINE_REQUEST, CRI("RemovePodSandbox"), M(REMOVE_BEGIN), CT_FIRST, M(NONE),
	  M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, CRI("RemovePodSandbox"), M(REMOVE_END), CT_LAST, M(NONE), M(NONE) },
};

static const struct ct_span pod_start[] = {
	/* phase, from, to, gap before it, optional, past */
	{ P(CREATE), M(CREATE_BEGIN), { M(CREATE_END) }, P(UNKNOWN), false, M(NONE) },
	{ P(CONNECT),
	  M(CONNECT_BEGIN),
	  { M(CONNECT_END) },
	  P(UNKNOWN),
	  true,
	  M(TASK_CREATE_BEGIN) },
	/* its mounts; START_SAVED: without a process that is all */
	{ P(CREATE),
	  M(CONNECT_END),
	  { M(TASK_CREATE_END), M(START_SAVED) },
	  P(UNKNOWN),
	  true,
	  M(TASK_START_BEGIN) },
	{ P(START), M(TASK_CREATE_END), { M(START_END) }, P(UNKNOWN), true, M(NONE) },
};

static const struct ct_span pod_stop[] = {
	{ P(STOP), M(STOP_BEGIN), { M(SAVED) }, P(CLIENT), true, M(NONE) },
	{ P(DISCONNECT), M(DISCONNECT_BEGIN), { M(DISCONNECT_END) }, P(UNKNOWN), true, M(NONE) },
	{ P(STOP), M(DISCONNECT_END), { M(EXIT) }, P(UNKNOWN), true, M(NONE) },
	/* of its own process, if it has one */
	{ P(DIE), M(TASK_DELETE_BEGIN), { M(DIE_END), M(STOP_END) }, P(UNKNOWN), true, M(NONE) },
	{ P(DESTROY), M(REMOVE_BEGIN), { M(REMOVE_END) }, P(CLIENT), true, M(NONE) },
};

static const struct ct_cause_row pod_causes[] = {
	{ "network teardown", CRI("StopPodSandbox") },
	{ "runtime kill", CRI("StopPodSandbox") },
};

/* Without a network and a process of its own a pod is stopped without a trace. */
static const struct ct_proof pod_proofs[] = {
	/* request, marks, files, refused, refutes */
	{ CRI("StopPodSandbox"),
	  { M(DISCONNECT_BEGIN), M(DISCONNECT_END) },
	  false,
	  false,
	  CT_REFUTES_NEVER },
	{ CRI("StopPodSandbox"), { M(STOP_BEGIN), M(EXIT) }, false, false, CT_REFUTES_RUNNING },
};

static enum ct_effect pod_follow(struct ct_container *c, enum ct_signal signal, struct ct_text what,
				 uint64_t ts_ns)
{
	uint64_t *m = c->run.marks;

	if (signal != CT_SIG_ENGINE_ANSWER)
		return CT_EFFECT_NONE;
	/* What has no process of its own ends when the engine says that nothing of it is left. */
	if (ct_text_is(what, CRI("StopPodSandbox")) && !c->who.init_pid && !m[CT_MARK_EXIT] &&
	    m[CT_MARK_STOP_BEGIN])
		m[CT_MARK_EXIT] = ts_ns;
	if (ct_text_is(what, CRI("RemovePodSandbox")))
		c->removed = true;
	return CT_EFFECT_NONE;
}

const struct ct_family ct_family_crio_pod = {
	.number = CT_FAMILY_CRIO_POD,
	.name = "crio pod",
	.engine = "crio",
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
	.monitor = "conmon",
	.begins = { M(CREATE_BEGIN), M(TASK_CREATE_BEGIN) },
	.opens = { M(CREATE_BEGIN), M(CONNECT_BEGIN), M(TASK_CREATE_BEGIN) },
	.asked = M(CREATE_BEGIN),
	.stopped = M(STOP_END),
	.remove_wait_ns = 2000 * CT_NS_PER_MS,
	.first_exec_is_init = true,
	.follow = pod_follow,
};
