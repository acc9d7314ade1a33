// SPDX-License-Identifier: GPL-2.0-only
/*
 * OTLP traces: a line and a trace per record. The root span is the record, below it a span per
 * segment of a phase, below that the steps. Names of attributes are those of the semantic
 * conventions where there are any; docs/formats.md.
 */
#include <string.h>

#include "sinks/otlp/otlp.h"
#include "sinks/owner.h"
#include "sinks/units.h"
#include "stats/measure.h"
#include "stats/pulls.h"

#define SPAN_KIND_INTERNAL 1
#define STATUS_ERROR       2

/* A span that is being written. */
struct span {
	const char *id, *parent, *name;
	uint64_t begin_ns, end_ns;
};

/* The traces of the last stops and starts: a restart, which is told after both, links them. */
#define PARTS 256
struct traces {
	struct part {
		char id[80];
		enum ct_record_type type;
		struct ct_otlp_ids ids;
	} parts[PARTS];
	size_t next;
};

struct trace {
	struct ct_json w;
	const struct traces *traces;
	const struct ct_session *session;
	const struct ct_record *rec;
	struct ct_otlp_ids ids;
	size_t spans; /* below the root, so far */
};

/* Opens a span down to its attributes. */
static void open_span(struct trace *trace, const struct span *span)
{
	struct ct_json *w = &trace->w;
	uint64_t end = span->end_ns > span->begin_ns ? span->end_ns : span->begin_ns;

	ct_json_enter(w, NULL, '{');
	ct_json_string(w, "traceId", trace->ids.trace);
	ct_json_string(w, "spanId", span->id);
	if (span->parent)
		ct_json_string(w, "parentSpanId", span->parent);
	ct_json_string(w, "name", span->name);
	ct_json_u64(w, "kind", SPAN_KIND_INTERNAL);
	ct_otlp_instant(w, "startTimeUnixNano", trace->session, span->begin_ns);
	ct_otlp_instant(w, "endTimeUnixNano", trace->session, end);
	ct_json_enter(w, "attributes", '[');
}

static void put_error(struct ct_json *w, const char *message)
{
	ct_json_enter(w, "status", '{');
	if (message && *message)
		ct_json_string(w, "message", message);
	ct_json_u64(w, "code", STATUS_ERROR);
	ct_json_leave(w, '}');
}

static void put_list(struct ct_json *w, const char *key, const char *const *items, size_t count)
{
	if (!count)
		return;
	ct_json_enter(w, NULL, '{');
	ct_json_string(w, "key", key);
	ct_json_enter(w, "value", '{');
	ct_json_enter(w, "arrayValue", '{');
	ct_json_enter(w, "values", '[');
	for (size_t i = 0; i < count; i++) {
		ct_json_enter(w, NULL, '{');
		ct_json_string(w, "stringValue", items[i]);
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, ']');
	ct_json_leave(w, '}');
	ct_json_leave(w, '}');
	ct_json_leave(w, '}');
}

/* NAME[:TAG][@DIGEST]: the port of a registry, which has a colon too, comes before a slash. */
static void put_image(struct ct_json *w, const char *image)
{
	char name[sizeof(((struct ct_identity *)0)->image)];
	size_t len = strnlen(image, sizeof(name) - 1);
	char *digest, *slash, *tag;

	memcpy(name, image, len);
	name[len] = '\0';
	digest = strchr(name, '@');
	if (digest)
		*digest = '\0';
	slash = strrchr(name, '/');
	tag = strchr(slash ? slash : name, ':');
	if (tag)
		*tag++ = '\0';
	ct_otlp_string(w, "container.image.name", name);
	put_list(w, "container.image.tags", (const char *const[]){ tag }, tag && *tag);
	put_list(w, "container.image.repo_digests", (const char *const[]){ image },
		 digest && digest[1]);
}

/* Names of OpenTelemetry's semantic conventions for Kubernetes, and for labels of a container. */
static void put_pod(struct ct_json *w, const struct ct_identity *who)
{
	const struct {
		const char *key, *value;
	} attributes[] = {
		{ "k8s.pod.name", who->pod },
		{ "k8s.namespace.name", who->pod_ns },
		{ "k8s.pod.uid", who->pod_uid },
		{ "k8s.container.name", who->pod_container },
		{ "container.label." CT_COMPOSE_PROJECT, who->project },
		{ "container.label." CT_COMPOSE_SERVICE, who->service },
		{ "coldtrace.containerd.namespace", who->ns },
	};

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (attributes[i].value[0])
			ct_otlp_string(w, attributes[i].key, attributes[i].value);
	}
}

static void put_scope(struct ct_json *w, const struct ct_owner *owner)
{
	char buf[CT_OWNER_LEN];

	if (owner->inside)
		ct_otlp_string(w, "coldtrace.scope.container", ct_owner_container(buf, owner));
	if (owner->other)
		ct_otlp_int(w, "coldtrace.scope.uid", owner->uid);
}

/* What a container alone has. */
static void put_container(struct ct_json *w, const struct ct_identity *who)
{
	ct_otlp_string(w, "container.id", who->id);
	ct_otlp_string(w, "container.name", who->name);
	ct_otlp_string(w, "container.runtime.name", who->runtime);
	put_image(w, who->image);
	if (who->init_pid)
		ct_otlp_int(w, "process.pid", who->init_pid);
}

/* By which connections, with the names that the semantic conventions have for the other side of one. */
static void put_connections(struct ct_json *w, const struct ct_fetched *f)
{
	const struct ct_pull_links links = ct_pull_links(f);
	char address[CT_ADDRESS_LEN];

	if (!links.asked)
		return;
	ct_otlp_int(w, "coldtrace.pull.connections", links.asked);
	ct_otlp_int(w, "coldtrace.pull.connections_failed", links.failed);
	ct_otlp_bool(w, "coldtrace.pull.connections_shared", f->links_shared);
	if (!links.open)
		ct_otlp_int(w, "coldtrace.pull.received", links.received);
	ct_otlp_int(w, "coldtrace.pull.resent", links.resent);
	if (links.host)
		ct_otlp_string(w, "server.address", links.host);
	if (links.peer) {
		ct_otlp_string(w, "network.peer.address", ct_address(address, links.peer, 0));
		ct_otlp_int(w, "network.peer.port", links.peer->port);
	}
}

/* An image that was fetched. */
static void put_pull(struct ct_json *w, const struct ct_record *rec)
{
	const struct ct_fetched *f = rec->fetched;
	struct ct_pull_bound bound = ct_pull_bound(rec);

	put_image(w, rec->who->image);
	ct_otlp_string(w, "oci.manifest.digest", f->digest);
	ct_otlp_string(w, "coldtrace.pull.registry", f->registry);
	ct_otlp_string(w, "coldtrace.pull.client", f->client_name);
	if (f->client)
		ct_otlp_int(w, "coldtrace.pull.client_pid", f->client);
	ct_otlp_bool(w, "coldtrace.pull.up_to_date", f->up_to_date);
	ct_otlp_int(w, "coldtrace.pull.bytes", bound.bytes);
	ct_otlp_int(w, "coldtrace.pull.layers", bound.layers);
	ct_otlp_int(w, "coldtrace.pull.layers_there", bound.there);
	ct_otlp_int(w, "coldtrace.pull.retries", bound.retries);
	if (bound.whole && !f->up_to_date)
		ct_otlp_string(w, "coldtrace.pull.bounded_by", bound.by);
	put_connections(w, f);
}

static void put_who(struct ct_json *w, const struct ct_identity *who, enum ct_subject subject)
{
	if (subject == CT_SUBJECT_CONTAINER)
		put_container(w, who);
	ct_otlp_string(w, "coldtrace.engine", who->engine);
	put_pod(w, who);
	put_scope(w, &who->owner);
}

static void put_missing(struct ct_json *w, const struct ct_record *rec)
{
	const char *names[CT_PHASE_MAX];
	size_t n = 0;

	for (unsigned p = 0; p < CT_PHASE_MAX; p++)
		if (ct_phase_value(rec, (enum ct_phase)p, CT_GAPS_WITH_TIME).is ==
		    CT_PHASE_UNMEASURED)
			names[n++] = ct_phase_names[p];
	put_list(w, "coldtrace.missing", names, n);
}

static void put_record_attributes(struct ct_json *w, const struct ct_record *rec)
{
	put_who(w, rec->who, ct_record_subjects[rec->type]);
	if (rec->fetched)
		put_pull(w, rec);
	ct_otlp_string(w, "coldtrace.record.type", ct_record_names[rec->type]);
	ct_otlp_string(w, "coldtrace.outcome", ct_outcome_names[rec->outcome]);
	ct_otlp_string(w, "coldtrace.cause", ct_cause_names[rec->cause]);
	if (rec->exit_code != CT_NO_EXIT_CODE)
		ct_otlp_int(w, "process.exit.code", (uint64_t)rec->exit_code);
	if (rec->run_ns)
		ct_otlp_int(w, "coldtrace.run_ns", rec->run_ns);
	ct_otlp_bool(w, "coldtrace.removed", rec->removed);
	put_missing(w, rec);
	if (rec->predecessor) {
		ct_otlp_string(w, "coldtrace.predecessor.id", rec->predecessor->id);
		ct_otlp_string(w, "coldtrace.predecessor.name", rec->predecessor->name);
	}
	if (rec->outcome == CT_OUTCOME_FAILED) {
		ct_otlp_string(w, "coldtrace.failed.phase", ct_phase_names[rec->failed_phase]);
		ct_otlp_string(w, "coldtrace.failed.step",
			       rec->failed_step ? rec->failed_step : "");
		ct_otlp_string(w, "error.type", ct_phase_names[rec->failed_phase]);
	}
}

static void put_event(struct trace *trace, const char *name, uint64_t ns, const char *key,
		      const char *value)
{
	struct ct_json *w = &trace->w;

	ct_json_enter(w, NULL, '{');
	ct_otlp_instant(w, "timeUnixNano", trace->session, ns);
	ct_json_string(w, "name", name);
	if (key) {
		ct_json_enter(w, "attributes", '[');
		ct_otlp_string(w, key, value);
		ct_json_leave(w, ']');
	}
	ct_json_leave(w, '}');
}

/* In order of time: the service of a restart ends first, that of a start may have ended already. */
static void put_events(struct trace *trace)
{
	const struct ct_record *rec = trace->rec;
	bool ready = rec->ready >= 0 && rec->ready < CT_READY_MAX;
	bool ends_first = rec->service_end_ns && (!ready || rec->service_end_ns < rec->ready_ns);

	if (ends_first)
		put_event(trace, "service end", rec->service_end_ns, NULL, NULL);
	if (ready)
		put_event(trace, "ready", rec->ready_ns, "coldtrace.ready.by",
			  ct_ready_names[rec->ready]);
	if (rec->service_end_ns && !ends_first)
		put_event(trace, "service end", rec->service_end_ns, NULL, NULL);
}

static void remember(struct traces *traces, const struct ct_record *rec,
		     const struct ct_otlp_ids *ids)
{
	struct part *part = &traces->parts[traces->next++ % PARTS];

	memcpy(part->id, rec->who->id, sizeof(part->id));
	part->type = rec->type;
	part->ids = *ids;
}

static void put_link(struct trace *trace, const char *id, enum ct_record_type type)
{
	struct ct_json *w = &trace->w;

	for (size_t i = 1; i <= PARTS && i <= trace->traces->next; i++) {
		const struct part *part = &trace->traces->parts[(trace->traces->next - i) % PARTS];

		if (part->type != type || strcmp(part->id, id) != 0)
			continue;
		ct_json_enter(w, NULL, '{');
		ct_json_string(w, "traceId", part->ids.trace);
		ct_json_string(w, "spanId", part->ids.span);
		ct_json_enter(w, "attributes", '[');
		ct_otlp_string(w, "coldtrace.record.type", ct_record_names[type]);
		ct_json_leave(w, ']');
		ct_json_leave(w, '}');
		return;
	}
}

static void put_links(struct trace *trace)
{
	const struct ct_record *rec = trace->rec;

	ct_json_enter(&trace->w, "links", '[');
	if (rec->predecessor)
		put_link(trace, rec->predecessor->id, CT_RECORD_STOP);
	put_link(trace, rec->who->id, CT_RECORD_START);
	ct_json_leave(&trace->w, ']');
}

static void put_root(struct trace *trace)
{
	const struct ct_record *rec = trace->rec;
	struct ct_json *w = &trace->w;

	open_span(trace, &(struct span){ trace->ids.span, NULL, ct_record_titles[rec->type],
					 rec->begin_ns, rec->end_ns });
	put_record_attributes(w, rec);
	ct_json_leave(w, ']');
	ct_json_enter(w, "events", '[');
	put_events(trace);
	ct_json_leave(w, ']');
	if (rec->type == CT_RECORD_RESTART)
		put_links(trace);
	if (rec->outcome == CT_OUTCOME_FAILED)
		put_error(w, rec->message);
	ct_json_leave(w, '}');
}

/* The phase in which a start failed is the last of its name. */
static bool is_failed_segment(const struct ct_record *rec, size_t segment)
{
	if (rec->outcome != CT_OUTCOME_FAILED || rec->segments[segment].phase != rec->failed_phase)
		return false;
	for (size_t i = segment + 1; i < rec->segment_count; i++)
		if (rec->segments[i].phase == rec->failed_phase)
			return false;
	return true;
}

/* Segments of one phase may be several: pieces do not reach over their ends. */
static struct ct_why why_between(const struct ct_record *rec, uint64_t begin_ns, uint64_t end_ns)
{
	struct ct_why why = { { 0 } };

	for (size_t i = 0; i < rec->piece_count; i++) {
		const struct ct_piece *piece = &rec->path[i];

		if (piece->begin_ns >= begin_ns && piece->end_ns <= end_ns)
			why.ns[piece->reason] += piece->end_ns - piece->begin_ns;
	}
	return why;
}

/* What the span waited for on the critical path, or the step as a whole. */
static void put_why(struct ct_json *w, const struct ct_why *why)
{
	for (unsigned r = 0; r < CT_REASON_MAX; r++) {
		char key[48];

		snprintf(key, sizeof(key), "coldtrace.why.%s_ns", ct_reason_keys[r]);
		if (why->ns[r])
			ct_otlp_int(w, key, why->ns[r]);
	}
}

/* Of a span, those of its ends that were so no later than then. */
static void put_bounds(struct ct_json *w, bool begin, bool end)
{
	if (begin)
		ct_otlp_bool(w, "coldtrace.begin_is_bound", true);
	if (end)
		ct_otlp_bool(w, "coldtrace.end_is_bound", true);
}

static void put_segments(struct trace *trace)
{
	const struct ct_record *rec = trace->rec;
	struct ct_json *w = &trace->w;

	for (size_t i = 0; i < rec->segment_count && i < CT_SEGMENTS_MAX; i++) {
		const struct ct_segment *segment = &rec->segments[i];
		char id[17];

		ct_otlp_span_id(id, &trace->ids, ++trace->spans);
		open_span(trace,
			  &(struct span){ id, trace->ids.span, ct_phase_names[segment->phase],
					  segment->begin_ns, segment->end_ns });
		if (ct_record_subjects[rec->type] == CT_SUBJECT_CONTAINER)
			ct_otlp_string(w, "container.id", rec->who->id);
		else if (rec->who->project[0])
			ct_otlp_string(w, "container.label." CT_COMPOSE_PROJECT, rec->who->project);
		else
			ct_otlp_string(w, "k8s.pod.uid", rec->who->pod_uid);
		ct_otlp_string(w, "container.runtime.name", rec->who->runtime);
		ct_otlp_string(w, "coldtrace.phase", ct_phase_names[segment->phase]);
		put_bounds(w, ct_pull_is_bound(rec, segment->begin_ns),
			   ct_pull_is_bound(rec, segment->end_ns));
		if (rec->path) {
			struct ct_why why = why_between(rec, segment->begin_ns, segment->end_ns);

			put_why(w, &why);
		}
		ct_json_leave(w, ']');
		if (is_failed_segment(rec, i))
			put_error(w, NULL);
		ct_json_leave(w, '}');
	}
}

/* Number of the span of the segment in which ns lies; 0, the root, if there is none. */
static size_t segment_at(const struct ct_record *rec, uint64_t ns)
{
	for (size_t i = 0; i < rec->segment_count && i < CT_SEGMENTS_MAX; i++)
		if (ns >= rec->segments[i].begin_ns && ns < rec->segments[i].end_ns)
			return i + 1;
	return 0;
}

/* The step of a layer has what is known of it. */
static void put_layer(struct ct_json *w, const struct ct_record *rec, const struct ct_step *step)
{
	const struct ct_fetched *f = rec->fetched;

	for (size_t i = 0; !step->parent && f && i < f->layer_count; i++) {
		const struct ct_layer *layer = &f->layers[i];

		if (strncmp(layer->id, step->detail, sizeof(step->detail) - 1) != 0)
			continue;
		ct_otlp_string(w, "coldtrace.layer.digest", layer->digest);
		ct_otlp_string(w, "coldtrace.layer.media_type", layer->type);
		if (layer->size)
			ct_otlp_int(w, "coldtrace.layer.bytes", layer->size);
		if (layer->files)
			ct_otlp_int(w, "coldtrace.layer.unpacked_bytes", layer->files);
		ct_otlp_int(w, "coldtrace.layer.retries", layer->retries);
		ct_otlp_bool(w, "coldtrace.layer.there", layer->there);
		ct_otlp_string(w, "coldtrace.layer.unpacker", layer->unpacker.name);
		if (layer->unpacker.pid)
			ct_otlp_int(w, "coldtrace.layer.unpacker_pid", layer->unpacker.pid);
		ct_otlp_string(w, "coldtrace.layer.inflater", layer->inflater.name);
		return;
	}
}

/* A step is a child of the step that it hangs below, else of the phase in which it begins. */
static void put_steps(struct trace *trace)
{
	const struct ct_record *rec = trace->rec;
	struct ct_json *w = &trace->w;
	size_t before = trace->spans;

	for (size_t i = 0; i < rec->step_count; i++) {
		const struct ct_step *step = &rec->steps[i];
		size_t parent =
			step->parent ? before + step->parent : segment_at(rec, step->begin_ns);
		char id[17], parent_id[17];

		open_span(trace, &(struct span){ ct_otlp_span_id(id, &trace->ids, ++trace->spans),
						 ct_otlp_span_id(parent_id, &trace->ids, parent),
						 step->name, step->begin_ns,
						 step->open ? rec->end_ns : step->end_ns });
		ct_otlp_int(w, "process.pid", step->pid);
		ct_otlp_string(w, "coldtrace.actor", step->actor ? step->actor : "");
		ct_otlp_string(w, "coldtrace.phase", ct_phase_names[step->phase]);
		ct_otlp_int(w, "coldtrace.step.calls", step->count);
		ct_otlp_string(w, "coldtrace.step.detail", step->detail);
		put_layer(w, rec, step);
		put_bounds(w, step->begin_late, step->end_late);
		if (rec->why)
			put_why(w, &rec->why[i]);
		if (step->open)
			ct_otlp_bool(w, "coldtrace.step.open", true);
		ct_json_leave(w, ']');
		ct_json_leave(w, '}');
	}
}

static int traces_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
			 const struct ct_record *rec)
{
	static const struct ct_otlp_shape shape = { "resourceSpans", "scopeSpans", "spans" };
	struct traces *traces = s->state;
	struct trace trace = {
		.w.f = page,
		.traces = traces,
		.session = session,
		.rec = rec,
		.ids = ct_otlp_ids_of(session, rec),
	};

	if (rec->type == CT_RECORD_STOP || rec->type == CT_RECORD_START)
		remember(traces, rec, &trace.ids);
	ct_otlp_open(&trace.w, &shape);
	ct_otlp_open_resource(&trace.w, &shape, session, rec->node);
	put_root(&trace);
	put_segments(&trace);
	put_steps(&trace);
	ct_otlp_close_resource(&trace.w);
	ct_otlp_close(&trace.w);
	return 0;
}

const struct ct_sink_ops ct_otlp_traces_ops = {
	.name = "otlp-traces",
	.suffix = ".traces.jsonl",
	.help = "OTLP JSON lines for OpenTelemetry: a trace per record, phases and steps as spans",
	.steps = CT_SINK_STEPS_DRAWN,
	.state_size = sizeof(struct traces),
	.record = traces_record,
};
