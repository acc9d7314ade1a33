// SPDX-License-Identifier: GPL-2.0-only
#include "core/life/family.h"

const struct ct_family *const ct_families[CT_FAMILY_MAX] = {
	[CT_FAMILY_DOCKER] = &ct_family_docker,   [CT_FAMILY_CONTAINERD] = &ct_family_containerd,
	[CT_FAMILY_POD] = &ct_family_pod,         [CT_FAMILY_CRI] = &ct_family_cri,
	[CT_FAMILY_PODMAN] = &ct_family_podman,   [CT_FAMILY_BARE] = &ct_family_bare,
	[CT_FAMILY_CRIO] = &ct_family_crio,       [CT_FAMILY_CRIO_POD] = &ct_family_crio_pod,
	[CT_FAMILY_BUILDER] = &ct_family_builder, [CT_FAMILY_BUILDKIT] = &ct_family_buildkit,
};

/* Columns: containerd namespace (NULL: any other), family. */
static const struct {
	const char *ns;
	const struct ct_family *family;
} namespaces[] = {
	{ "moby", &ct_family_docker }, /* dockerd's own (cmd/dockerd/daemon.go) */
	{ CT_CRI_NAMESPACE, &ct_family_cri },
	{ NULL, &ct_family_containerd },
};

const struct ct_family *ct_family_of_namespace(struct ct_text ns)
{
	size_t i = 0;

	while (namespaces[i].ns && !ct_text_is(ns, namespaces[i].ns))
		i++;
	return namespaces[i].family;
}

const struct ct_family *ct_family_of_engine(struct ct_text engine)
{
	for (size_t i = 0; i < CT_FAMILY_MAX; i++) {
		if (ct_text_is(engine, ct_families[i]->name))
			return ct_families[i];
	}
	return NULL;
}

const struct ct_family *ct_family_of_cri(const char *engine_name)
{
	static const struct ct_text pods = { CT_CRI_NAMESPACE, sizeof(CT_CRI_NAMESPACE) - 1 };
	const struct ct_family *f =
		engine_name ? ct_family_of_engine(ct_text(engine_name, strlen(engine_name))) : NULL;

	return f && f->pods ? f : ct_family_of_namespace(pods);
}

bool ct_family_fails(const struct ct_family *f, struct ct_text request)
{
	for (size_t i = 0; i < CT_MARK_LIST && f->fails[i]; i++) {
		if (ct_text_is(request, f->fails[i]))
			return true;
	}
	return false;
}

const char *ct_family_cause(const struct ct_family *f, struct ct_text task_method)
{
	for (size_t i = 0; i < f->cause_count; i++) {
		if (ct_text_is(task_method, f->causes[i].task_method))
			return f->causes[i].request;
	}
	return NULL;
}

static bool is_within(uint64_t ts_ns, uint64_t asked_ns, uint64_t answered_ns)
{
	return ts_ns >= asked_ns && ts_ns <= answered_ns;
}

const char *ct_family_proof(const struct ct_container *c, uint64_t asked_ns, uint64_t answered_ns,
			    bool refused)
{
	for (size_t i = 0; i < c->family->proof_count; i++) {
		const struct ct_proof *row = &c->family->proofs[i];
		bool holds = row->refused == refused &&
			     (!row->files || is_within(c->files_gone_ns, asked_ns, answered_ns));

		for (size_t k = 0; k < CT_ARRAY_SIZE(row->marks) && holds; k++)
			holds = row->marks[k] == CT_MARK_NONE ||
				is_within(c->run.marks[row->marks[k]], asked_ns, answered_ns);
		if (holds)
			return row->request;
	}
	return NULL;
}

bool ct_family_refutes(const struct ct_container *c, const struct ct_proof *row)
{
	switch (row->refutes) {
	case CT_REFUTES_ALWAYS:
		return true;
	case CT_REFUTES_RUNNING:
		return c->who.init_pid && !c->run.marks[CT_MARK_EXIT];
	case CT_REFUTES_NEVER:
		break;
	}
	return false;
}

/* Files of engines. Columns: name, or how it begins; whether it goes on; whose it is. */
static const struct {
	const char *name;
	bool goes_on;
	enum ct_file_is is;
} files[] = {
	/* Docker, libnetwork's store: its syncs tell when an endpoint is gone. */
	{ "local-kv.db", false, CT_FILE_NETWORKS },
	/* Docker, libcontainerd's fifos. */
	{ "init-std", true, CT_FILE_STDIO },
	/* Podman's database, before version 5 and since. */
	{ "bolt_state.db", false, CT_FILE_DATABASE },
	{ "db.sql", false, CT_FILE_DATABASE },
};

enum ct_file_is ct_family_file(struct ct_text file)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(files); i++) {
		if (files[i].goes_on ? ct_text_starts(file, files[i].name)
				     : ct_text_is(file, files[i].name))
			return files[i].is;
	}
	return CT_FILE_OWN;
}

const struct ct_family *ct_family_at_first(void)
{
	size_t i = 0;

	while (!ct_families[i]->at_first)
		i++;
	return ct_families[i];
}

const struct ct_family *ct_family_of_api(void)
{
	size_t i = 0;

	while (!ct_families[i]->api)
		i++;
	return ct_families[i];
}

const struct ct_family *ct_family_of_monitor(struct ct_text program, const char *engine_name,
					     bool pods)
{
	const struct ct_family *found = NULL;

	for (size_t i = 0; i < CT_FAMILY_MAX; i++) {
		const struct ct_family *f = ct_families[i];

		if (!f->monitor || !ct_text_starts(program, f->monitor))
			continue;
		if (engine_name ? !strcmp(f->name, engine_name) : pods && f->pods)
			return f;
		if (f->monitor_alone)
			found = f;
	}
	return found;
}

struct ct_spans ct_family_start(const struct ct_family *f, const struct ct_run *run)
{
	if (run->start_order == CT_ORDER_OTHER && f->start_other.count)
		return f->start_other;
	return (struct ct_spans){ f->start, f->start_count, false };
}

struct ct_spans ct_family_stop(const struct ct_family *f, const struct ct_run *run)
{
	if (run->stop_order == CT_ORDER_OTHER && f->stop_other.count)
		return f->stop_other;
	return (struct ct_spans){ f->stop, f->stop_count, false };
}
