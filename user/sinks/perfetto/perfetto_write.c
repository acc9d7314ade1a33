// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/perfetto/perfetto_write.h"

#include <stdlib.h>
#include <string.h>

#include "perfetto.pb-c.h"
#include "sinks/escape.h"
#include "util/mem.h"

typedef Perfetto__Protos__Trace pb_trace;
typedef Perfetto__Protos__TracePacket pb_packet;
typedef Perfetto__Protos__TrackEvent pb_event;
typedef Perfetto__Protos__TrackDescriptor pb_track;
typedef Perfetto__Protos__DebugAnnotation pb_note;
typedef Perfetto__Protos__ClockSnapshot pb_clocks;
typedef Perfetto__Protos__ClockSnapshot__Clock pb_clock;

typedef Perfetto__Protos__InternedData pb_interned;

#define CLOCK(name) PERFETTO__PROTOS__BUILTIN_CLOCK__BUILTIN_CLOCK_##name
#define EVENT(name) PERFETTO__PROTOS__TRACK_EVENT__TYPE__TYPE_##name
#define SEQUENCE    1
#define SEQUENCE_IS_FRESH \
	PERFETTO__PROTOS__TRACE_PACKET__SEQUENCE_FLAGS__SEQ_INCREMENTAL_STATE_CLEARED
#define SEQUENCE_GOES_ON PERFETTO__PROTOS__TRACE_PACKET__SEQUENCE_FLAGS__SEQ_NEEDS_INCREMENTAL_STATE
#define TRUSTED_SEQUENCE \
	PERFETTO__PROTOS__TRACE_PACKET__OPTIONAL_TRUSTED_PACKET_SEQUENCE_ID_TRUSTED_PACKET_SEQUENCE_ID

static void put_packet(struct ct_trace *t, pb_packet *packet)
{
	pb_packet *list[] = { packet };
	pb_trace trace = PERFETTO__PROTOS__TRACE__INIT;
	own_mem uint8_t *bytes = NULL;
	size_t len;

	packet->optional_trusted_packet_sequence_id_case = TRUSTED_SEQUENCE;
	packet->trusted_packet_sequence_id = SEQUENCE;
	trace.n_packet = 1;
	trace.packet = list;
	len = perfetto__protos__trace__get_packed_size(&trace);
	bytes = malloc(len);
	if (!bytes) {
		t->no_memory = true;
		return;
	}
	perfetto__protos__trace__pack(&trace, bytes);
	fwrite(bytes, 1, len, t->f);
}

/* What stands for whole words, and which clock goes without saying, is agreed on from here on. */
static bool agree(struct ct_trace *t)
{
	Perfetto__Protos__TracePacketDefaults defaults =
		PERFETTO__PROTOS__TRACE_PACKET_DEFAULTS__INIT;
	pb_packet packet = PERFETTO__PROTOS__TRACE_PACKET__INIT;

	if (t->names && !ct_names_is_full(t->names))
		return true;
	if (t->names)
		ct_names_forget(t->names);
	else
		t->names = ct_names_new();
	t->no_memory |= !t->names;
	defaults.has_timestamp_clock_id = true;
	defaults.timestamp_clock_id = CLOCK(MONOTONIC);
	packet.trace_packet_defaults = &defaults;
	packet.has_sequence_flags = true;
	packet.sequence_flags = SEQUENCE_IS_FRESH;
	put_packet(t, &packet);
	return t->names;
}

void ct_trace_free(struct ct_trace *t)
{
	ct_names_free(t->names);
	t->names = NULL;
}

void ct_trace_clocks(struct ct_trace *t, uint64_t mono_ns, int64_t wall_ns)
{
	pb_packet packet = PERFETTO__PROTOS__TRACE_PACKET__INIT;
	pb_clocks clocks = PERFETTO__PROTOS__CLOCK_SNAPSHOT__INIT;
	pb_clock mono = PERFETTO__PROTOS__CLOCK_SNAPSHOT__CLOCK__INIT;
	pb_clock wall = PERFETTO__PROTOS__CLOCK_SNAPSHOT__CLOCK__INIT;
	pb_clock *list[] = { &mono, &wall };

	mono.has_clock_id = wall.has_clock_id = true;
	mono.has_timestamp = wall.has_timestamp = true;
	mono.clock_id = CLOCK(MONOTONIC);
	mono.timestamp = mono_ns;
	wall.clock_id = CLOCK(REALTIME);
	wall.timestamp = (uint64_t)wall_ns;
	clocks.n_clocks = CT_ARRAY_SIZE(list);
	clocks.clocks = list;
	clocks.has_primary_trace_clock = true;
	clocks.primary_trace_clock = CLOCK(MONOTONIC);
	packet.data_case = PERFETTO__PROTOS__TRACE_PACKET__DATA_CLOCK_SNAPSHOT;
	packet.clock_snapshot = &clocks;
	put_packet(t, &packet);
}

/* Valid UTF-8 whatever the container chose; NULL when out of memory. */
static char *text_of(struct ct_trace *t, const char *s)
{
	char *text = ct_escape_text_dup(s, true);

	if (!text)
		t->no_memory = true;
	return text;
}

void ct_trace_track(struct ct_trace *t, const struct ct_track *track)
{
	pb_packet packet = PERFETTO__PROTOS__TRACE_PACKET__INIT;
	pb_track pb = PERFETTO__PROTOS__TRACK_DESCRIPTOR__INIT;
	own_mem char *name = text_of(t, track->name);

	pb.has_uuid = true;
	pb.uuid = track->uuid;
	pb.has_parent_uuid = track->parent != 0;
	pb.parent_uuid = track->parent;
	pb.name = name;
	pb.has_child_ordering = true;
	pb.child_ordering =
		PERFETTO__PROTOS__TRACK_DESCRIPTOR__CHILD_TRACKS_ORDERING__CHRONOLOGICAL;
	/* Two containers of one name are two. */
	pb.has_sibling_merge_behavior = true;
	pb.sibling_merge_behavior =
		PERFETTO__PROTOS__TRACK_DESCRIPTOR__SIBLING_MERGE_BEHAVIOR__SIBLING_MERGE_BEHAVIOR_NONE;
	packet.data_case = PERFETTO__PROTOS__TRACE_PACKET__DATA_TRACK_DESCRIPTOR;
	packet.track_descriptor = &pb;
	put_packet(t, &packet);
}

void ct_trace_thread(struct ct_trace *t, uint64_t uuid, uint32_t pid, uint32_t tid,
		     const char *name)
{
	Perfetto__Protos__ProcessDescriptor process = PERFETTO__PROTOS__PROCESS_DESCRIPTOR__INIT;
	Perfetto__Protos__ThreadDescriptor thread = PERFETTO__PROTOS__THREAD_DESCRIPTOR__INIT;
	pb_packet packet = PERFETTO__PROTOS__TRACE_PACKET__INIT;
	pb_track pb = PERFETTO__PROTOS__TRACK_DESCRIPTOR__INIT;
	own_mem char *text = text_of(t, name);

	process.has_pid = thread.has_pid = thread.has_tid = true;
	process.pid = thread.pid = (int32_t)pid;
	process.process_name = thread.thread_name = text;
	thread.tid = (int32_t)tid;
	pb.has_uuid = true;
	pb.uuid = uuid;
	pb.process = tid ? NULL : &process;
	pb.thread = tid ? &thread : NULL;
	packet.data_case = PERFETTO__PROTOS__TRACE_PACKET__DATA_TRACK_DESCRIPTOR;
	packet.track_descriptor = &pb;
	put_packet(t, &packet);
}

static void put_event(struct ct_trace *t, uint64_t ns, uint64_t track, pb_event *event,
		      pb_interned *interned)
{
	pb_packet packet = PERFETTO__PROTOS__TRACE_PACKET__INIT;

	event->has_type = true;
	event->has_track_uuid = true;
	event->track_uuid = track;
	packet.has_timestamp = true;
	packet.timestamp = ns;
	packet.has_sequence_flags = true;
	packet.sequence_flags = SEQUENCE_GOES_ON;
	packet.interned_data = interned;
	packet.data_case = PERFETTO__PROTOS__TRACE_PACKET__DATA_TRACK_EVENT;
	packet.track_event = event;
	put_packet(t, &packet);
}

/* What an event says for the first time. */
struct said {
	Perfetto__Protos__EventCategory category, *categories[1];
	Perfetto__Protos__EventName event, *events[1];
	Perfetto__Protos__DebugAnnotationName name[CT_NOTES_MAX], *names[CT_NOTES_MAX];
	Perfetto__Protos__InternedString value[CT_NOTES_MAX], *values[CT_NOTES_MAX];
	pb_interned all;
};

static uint64_t number_of(struct ct_trace *t, enum ct_name_kind kind, const char *text,
			  const char **ret_new)
{
	uint64_t number = ct_names_number(t->names, kind, text, ret_new);

	t->no_memory |= !number;
	return number;
}

static uint64_t note_name(struct ct_trace *t, struct said *said, const char *text)
{
	Perfetto__Protos__DebugAnnotationName *pb = &said->name[said->all.n_debug_annotation_names];
	const char *fresh;
	uint64_t number = number_of(t, CT_NAME_NOTE, text, &fresh);

	if (!fresh)
		return number;
	perfetto__protos__debug_annotation_name__init(pb);
	pb->has_iid = true;
	pb->iid = number;
	pb->name = (char *)fresh;
	said->names[said->all.n_debug_annotation_names++] = pb;
	return number;
}

static uint64_t note_value(struct ct_trace *t, struct said *said, const char *text)
{
	size_t at = said->all.n_debug_annotation_string_values;
	Perfetto__Protos__InternedString *pb = &said->value[at];
	const char *fresh;
	uint64_t number = number_of(t, CT_NAME_VALUE, text, &fresh);

	if (!fresh)
		return number;
	perfetto__protos__interned_string__init(pb);
	pb->has_iid = pb->has_str = true;
	pb->iid = number;
	pb->str.data = (uint8_t *)fresh;
	pb->str.len = strlen(fresh);
	said->values[at] = pb;
	said->all.n_debug_annotation_string_values++;
	return number;
}

static void set_note(struct ct_trace *t, struct said *said, pb_note *pb, const struct ct_note *note)
{
	perfetto__protos__debug_annotation__init(pb);
	pb->name_field_case = PERFETTO__PROTOS__DEBUG_ANNOTATION__NAME_FIELD_NAME_IID;
	pb->name_iid = note_name(t, said, note->name);
	if (note->text) {
		pb->value_case = PERFETTO__PROTOS__DEBUG_ANNOTATION__VALUE_STRING_VALUE_IID;
		pb->string_value_iid = note_value(t, said, note->text);
	} else {
		pb->value_case = PERFETTO__PROTOS__DEBUG_ANNOTATION__VALUE_UINT_VALUE;
		pb->uint_value = note->number;
	}
}

static void set_name(struct ct_trace *t, struct said *said, pb_event *event, const char *name)
{
	const char *fresh;

	event->name_field_case = PERFETTO__PROTOS__TRACK_EVENT__NAME_FIELD_NAME_IID;
	event->name_iid = number_of(t, CT_NAME_EVENT, name, &fresh);
	if (!fresh)
		return;
	perfetto__protos__event_name__init(&said->event);
	said->event.has_iid = true;
	said->event.iid = event->name_iid;
	said->event.name = (char *)fresh;
	said->all.n_event_names = 1;
}

static uint64_t category_of(struct ct_trace *t, struct said *said, const char *category)
{
	const char *fresh;
	uint64_t number = number_of(t, CT_NAME_CATEGORY, category, &fresh);

	if (!fresh)
		return number;
	perfetto__protos__event_category__init(&said->category);
	said->category.has_iid = true;
	said->category.iid = number;
	said->category.name = (char *)fresh;
	said->all.n_event_categories = 1;
	return number;
}

static void begin_said(struct said *said)
{
	perfetto__protos__interned_data__init(&said->all);
	said->categories[0] = &said->category;
	said->events[0] = &said->event;
	said->all.event_categories = said->categories;
	said->all.event_names = said->events;
	said->all.debug_annotation_names = said->names;
	said->all.debug_annotation_string_values = said->values;
}

static bool is_new(const struct said *said)
{
	return said->all.n_event_categories || said->all.n_event_names ||
	       said->all.n_debug_annotation_names || said->all.n_debug_annotation_string_values;
}

static void put_named(struct ct_trace *t, uint64_t ns, const struct ct_slice *slice,
		      Perfetto__Protos__TrackEvent__Type type)
{
	pb_event event = PERFETTO__PROTOS__TRACK_EVENT__INIT;
	pb_note notes[CT_NOTES_MAX], *list[CT_NOTES_MAX];
	uint64_t flow_end = slice->flow_end, category;
	struct said said;
	size_t n = 0;

	if (!agree(t))
		return;
	begin_said(&said);
	for (size_t i = 0; i < slice->note_count && n < CT_NOTES_MAX; i++) {
		if (!slice->notes[i].name)
			continue;
		set_note(t, &said, &notes[n], &slice->notes[i]);
		list[n] = &notes[n];
		n++;
	}
	category = category_of(t, &said, slice->category);
	set_name(t, &said, &event, slice->name);
	event.type = type;
	event.n_category_iids = 1;
	event.category_iids = &category;
	event.n_flow_ids = slice->flow_count;
	event.flow_ids = (uint64_t *)slice->flows;
	event.n_terminating_flow_ids = flow_end ? 1 : 0;
	event.terminating_flow_ids = &flow_end;
	event.n_debug_annotations = n;
	event.debug_annotations = list;
	if (!t->no_memory)
		put_event(t, ns, slice->track, &event, is_new(&said) ? &said.all : NULL);
}

void ct_trace_begin(struct ct_trace *t, uint64_t ns, const struct ct_slice *slice)
{
	put_named(t, ns, slice, EVENT(SLICE_BEGIN));
}

void ct_trace_instant(struct ct_trace *t, uint64_t ns, const struct ct_slice *slice)
{
	put_named(t, ns, slice, EVENT(INSTANT));
}

void ct_trace_end(struct ct_trace *t, uint64_t ns, uint64_t track)
{
	pb_event event = PERFETTO__PROTOS__TRACK_EVENT__INIT;

	if (!agree(t))
		return;
	event.type = EVENT(SLICE_END);
	put_event(t, ns, track, &event, NULL);
}
