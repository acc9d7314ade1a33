/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Facts, processes and files become signals, and by the rows of a container's family (family.h) signals
 * become marks. What has changed is told by those to the right when the event has been handled.
 */
#pragma once

#include "core/life/family.h"

struct ct_file;
struct ct_pull;
struct ct_life *ct_life_new(void); /* NULL: no memory */
void ct_life_free(struct ct_life *life); /* NULL is fine */

/* dialogue.c, pods.c: sets the fact's container. */
void ct_life_fact(struct ct_core *core, struct ct_fact *fact);
/* That shim has answered for the container: it is in the pod whose shim it is, if it is another's. */
void ct_pod_served(struct ct_core *core, struct ct_container *c, uint32_t shim);
/* Somebody has said in which pod it is, and which container of it, or that it is its sandbox. */
void ct_pod_named(struct ct_core *core, struct ct_container *c);
void ct_life_engine_request(struct ct_core *core, struct ct_container *c,
			    const struct ct_request *asked);
/* It is first heard of: whoever has asked about that id before meant it. */
void ct_life_spoken(struct ct_core *core, struct ct_container *c, const struct ct_scope *speaker,
		    struct ct_text id);
/* Something was made for a pod: that, or a container in it. NULL: it is nobody's to say. */
struct ct_container *ct_pod_made(struct ct_core *core, struct ct_fact *fact);
/* Whether an engine of Kubernetes calls a container so, or a sandbox. */
bool ct_pod_is_name(struct ct_text name);
/* Its monitor calls it so; false: that is no such name. */
bool ct_pod_monitored(struct ct_core *core, struct ct_container *c, struct ct_text name);
/* A network plugin is executed for a pod, or for a container. */
void ct_life_plugin(struct ct_core *core, const struct ct_event *e);

/* probes.c: an answer to a command in a container; proves what it is; false: something else. */
bool ct_probe_answered(struct ct_core *core, struct ct_fact *f);
void ct_probe_asked(struct ct_fact *f); /* a command is to be executed */
/* Those that are known to be, at most CT_PROBES_MAX; borrows from the container. */
size_t ct_probes_told(const struct ct_container *c, struct ct_probed *ret);
/* Whether the kubelet had it stopped because a probe had failed. */
bool ct_probe_stopped(struct ct_core *core, const struct ct_container *c);

/*
 * What the engine asks the shim for, or executes, says what it was asked for itself: of a request whose
 * name nobody has heard.
 */
void ct_life_caused(struct ct_core *core, struct ct_container *c, struct ct_text what);
/* dialogue.c: what the engine is called, if that process is one. */
void ct_life_engine_name(struct ct_core *core, struct ct_identity *who, uint32_t engine);
/* versions.c: of who answers, if he says which version he is. */
struct ct_versions;
struct ct_versions *ct_versions_new(void); /* NULL: no memory */
void ct_versions_free(struct ct_versions *versions); /* NULL is fine */
struct ct_versions *ct_life_versions(struct ct_core *core);
void ct_life_version(struct ct_core *core, const struct ct_event *answer);
/* images.c: an engine is asked for an image, says what it does for it, has it, or has it not. */
void ct_image_asked(struct ct_core *core, struct ct_fact *f);
void ct_image_progress(struct ct_core *core, struct ct_fact *f);
void ct_image_answered(struct ct_core *core, struct ct_fact *f);
void ct_image_refused(struct ct_core *core, struct ct_fact *f);
/* A container was refused: if that was for want of its image, its client may ask for that now. */
void ct_image_wanted(struct ct_core *core, struct ct_fact *f);
/* It is asked for, in a pod: a kubelet fetches its image before, if it has to. */
void ct_image_waited(struct ct_core *core, struct ct_container *c, const struct ct_request *asked);
/* images_client.c: its client fetches it, and asks for a part of that, or is answered. */
void ct_image_part(struct ct_core *core, struct ct_fact *f);
/* EXIT: nobody is answered then, and engines fetch for nobody. */
void ct_image_client_exits(struct ct_core *core, const struct ct_event *e);
/* images_stored.c: what an engine stores. False: the file is none of that. */
bool ct_image_file(struct ct_core *core, const struct ct_file *file);
void ct_image_layer(struct ct_core *core, const struct ct_event *e); /* LAYER */
void ct_image_unpacked(struct ct_core *core, const struct ct_event *e); /* UNPACKED */
void ct_image_named(struct ct_core *core, const struct ct_event *e); /* IMAGE */
/* images_command.c: a command that fetches an image by itself. Of files and LAYER false: none of its. */
void ct_image_called(struct ct_core *core, struct ct_actor_state *a, const struct ct_text *args,
		     size_t n, const struct ct_event *e);
/* Without root it executes itself once more: it is one command. False: it fetches nothing. */
bool ct_image_goes_on(struct ct_core *core, const struct ct_actor_state *a);
void ct_image_command_asks(struct ct_core *core, const struct ct_event *e); /* LINK */
bool ct_image_command_file(struct ct_core *core, const struct ct_file *file);
bool ct_image_command_layer(struct ct_core *core, const struct ct_event *e);
void ct_image_command_exec(struct ct_core *core, const struct ct_actor_state *a,
			   const struct ct_worker *by, uint64_t ts_ns);
void ct_image_command_exit(struct ct_core *core, const struct ct_actor_state *a, uint64_t ts_ns);
void ct_image_command_ends(struct ct_core *core, struct ct_pull *p, const struct ct_event *e);
/* A program was executed, or ends, that may inflate or unpack what an engine has fetched. */
void ct_image_exec(struct ct_core *core, const struct ct_actor_state *a, const struct ct_event *e);
void ct_image_exit(struct ct_core *core, const struct ct_actor_state *a, uint64_t ts_ns);
/* builds.c: an engine is asked to build, and is done; what it saves of a container that nobody knows. */
struct ct_builds *ct_builds_new(void); /* NULL: no memory */
void ct_builds_free(struct ct_builds *builds);
struct ct_builds *ct_life_builds(struct ct_core *core);
void ct_build_asked(struct ct_core *core, struct ct_fact *f);
void ct_build_over(struct ct_core *core, struct ct_fact *f);
void ct_build_client_exits(struct ct_core *core, const struct ct_event *e); /* EXIT */
void ct_build_file(struct ct_core *core, const struct ct_file *file);
/* Its engine's files say who it is: it may be a step of a build. */
void ct_build_identified(struct ct_core *core, struct ct_container *c, uint32_t engine);
/* Whether what this engine itself has a runtime run are steps of builds, and: this is one. */
bool ct_build_engine(const struct ct_actor_state *engine);
void ct_build_runs(struct ct_core *core, struct ct_container *c, uint32_t engine);

/* process.c: FORK, EXEC, EXIT, PROCESS. */
void ct_life_fork(struct ct_core *core, const struct ct_event *e);
void ct_life_exec(struct ct_core *core, const struct ct_event *e);
void ct_life_exit(struct ct_core *core, const struct ct_event *e);
void ct_life_seed(struct ct_core *core, const struct ct_event *e);
/* commands.c: whom a process works for, by what it was called with. */
void ct_life_called(struct ct_core *core, struct ct_actor_state *a, const struct ct_event *e);

/* files.c: SYNC and UNLINK of an engine's files, RELAY. */
struct ct_file {
	const struct ct_event *e;
	const struct ct_scope *speaker; /* whose word it is; NULL: nobody's who is known */
	struct ct_text dir, name;
	enum ct_file_is is;
	struct ct_container *container; /* NULL: not one's own, or of none that is known */
};
void ct_life_file_of(struct ct_core *core, const struct ct_event *e, struct ct_file *ret);
void ct_life_file(struct ct_core *core, const struct ct_file *file);
void ct_life_relayed(struct ct_core *core, const struct ct_event *e);
/* ready.c: a program in a container does what shows that it serves. */
void ct_life_ready(struct ct_core *core, const struct ct_event *e);
/* sandbox.c: what gVisor's says of the program inside. */
void ct_life_app(struct ct_core *core, const struct ct_event *e);
struct ct_container *ct_life_app_of(struct ct_core *core, const struct ct_event *e);

/* identity.c. The door: found or made as ct_book_make() does, with the family that it has. */
struct ct_container *ct_container_make(struct ct_core *core, const struct ct_scope *speaker,
				       struct ct_text ns, struct ct_text id);
/* Who runs it says that this is its first process, in the numbers of the host. */
void ct_container_first(struct ct_core *core, struct ct_container *c, uint32_t pid);
void ct_container_netns(struct ct_core *core, struct ct_container *c,
			const struct ct_actor_state *init);
/* Asks user space who it is; a replay waits for the answer that is in the recording. */
void ct_container_look_up(struct ct_core *core, struct ct_container *c, uint32_t engine_pid,
			  struct ct_text bundle); /* empty: not known */
void ct_life_identity(struct ct_core *core, const struct ct_event *e);

/* rules.c: what a signal sets, by the rows of the container's family; whether any is about it. */
bool ct_hears(const struct ct_core *core, const struct ct_container *c, enum ct_signal signal);
void ct_signal(struct ct_core *core, struct ct_container *c, enum ct_signal signal,
	       struct ct_text what, uint64_t ts_ns);
/* The engine refused a request: the marks that it set were none. */
void ct_refused(struct ct_core *core, struct ct_container *c, enum ct_signal signal,
		struct ct_text verb, uint64_t asked_ns);
void ct_failed(struct ct_core *core, struct ct_container *c, struct ct_text message);
void ct_begin_again(struct ct_core *core, struct ct_container *c); /* if its next run waits: now */
void ct_readied(struct ct_core *core, struct ct_container *c, enum ct_ready by, uint64_t ts_ns);
void ct_engine_exited(struct ct_core *core, uint32_t engine);
