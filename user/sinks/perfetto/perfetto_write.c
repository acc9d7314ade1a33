// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/perfetto/perfetto_write.h"

#include <stdlib.h>

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

#define CLOCK(name)       PERFETTO__PROTOS__BUILTIN_CLOCK__BUILTIN_CLOCK_##name
#define EVENT(name)       PERFETTO__PROTOS__TRACK_EVENT__TYPE__TYPE_##name
#define SEQUENCE          1
#define SEQUENCE_IS_FRESH 1
#define TRUSTED_SEQUENCE \
	PERFETTO__PROTOS__TRACE_PACKET__OPTIONAL_TRUSTED_PACKET_SEQUENCE_ID_TRUSTED_PACKET_SEQUENCE_ID

static void put(struct ct_trace *t, pb_packet *packet)
{
	pb_packet *list[] = { packet };
	pb_trace trace = PERFETTO__PROTOS__TRACE__INIT;
	own_mem uint8_t *bytes = NULL;
	size_t len;

	packet->optional_trusted_packet_sequence_id_case = TRUSTED_SEQUENCE;
	packet->trusted_packet_sequence_id = SEQUENCE;
	if (!t->begun) {
		packet->has_sequence_flags = true;
		packet->sequence_flags = SEQUENCE_IS_FRESH;
		t->begun = true;
	}
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
	put(t, &packet);
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
	put(t, &packet);
}

static void put_event(struct ct_trace *t, uint64_t ns, uint64_t track, pb_event *event)
{
	pb_packet packet = PERFETTO__PROTOS__TRACE_PACKET__INIT;

	event->has_type = true;
	event->has_track_uuid = true;
	event->track_uuid = track;
	packet.has_timestamp = true;
	packet.timestamp = ns;
	packet.has_timestamp_clock_id = true;
	packet.timestamp_clock_id = CLOCK(MONOTONIC);
	packet.data_case = PERFETTO__PROTOS__TRACE_PACKET__DATA_TRACK_EVENT;
	packet.track_event = event;
	put(t, &packet);
}

static void set_note(struct ct_trace *t, pb_note *pb, const struct ct_note *note)
{
	perfetto__protos__debug_annotation__init(pb);
	pb->name = (char *)note->name;
	if (note->text) {
		pb->value_case = PERFETTO__PROTOS__DEBUG_ANNOTATION__VALUE_STRING_VALUE;
		pb->string_value = text_of(t, note->text);
	} else {
		pb->value_case = PERFETTO__PROTOS__DEBUG_ANNOTATION__VALUE_UINT_VALUE;
		pb->uint_value = note->number;
	}
}

static void put_named(struct ct_trace *t, uint64_t ns, const struct ct_slice *slice,
		      Perfetto__Protos__TrackEvent__Type type)
{
	pb_event event = PERFETTO__PROTOS__TRACK_EVENT__INIT;
	pb_note notes[CT_NOTES_MAX], *list[CT_NOTES_MAX];
	own_mem char *name = text_of(t, slice->name);
	char *categories[] = { (char *)slice->category };
	uint64_t flow_end = slice->flow_end;
	size_t n = 0;

	for (size_t i = 0; i < slice->note_count && n < CT_NOTES_MAX; i++) {
		if (!slice->notes[i].name)
			continue;
		set_note(t, &notes[n], &slice->notes[i]);
		list[n] = &notes[n];
		n++;
	}
	event.type = type;
	event.name = name;
	event.n_categories = 1;
	event.categories = categories;
	event.n_flow_ids = slice->flow_count;
	event.flow_ids = (uint64_t *)slice->flows;
	event.n_terminating_flow_ids = flow_end ? 1 : 0;
	event.terminating_flow_ids = &flow_end;
	event.n_debug_annotations = n;
	event.debug_annotations = list;
	if (!t->no_memory)
		put_event(t, ns, slice->track, &event);
	for (size_t i = 0; i < n; i++)
		if (notes[i].value_case == PERFETTO__PROTOS__DEBUG_ANNOTATION__VALUE_STRING_VALUE)
			free(notes[i].string_value);
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

	event.type = EVENT(SLICE_END);
	put_event(t, ns, track, &event);
}
