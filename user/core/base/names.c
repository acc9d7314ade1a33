// SPDX-License-Identifier: GPL-2.0-only
#include "core/record.h"

#include "core/base/text.h"

#include <string.h>

const char *const ct_phase_names[CT_PHASE_MAX] = {
#define X(symbol, name, doc) [CT_PHASE_##symbol] = name,
	CT_PHASES(X)
#undef X
};

const char *const ct_reason_names[CT_REASON_MAX] = {
#define X(symbol, key, letter, name, doc) [CT_REASON_##symbol] = name,
	CT_REASONS(X)
#undef X
};

const char *const ct_reason_keys[CT_REASON_MAX] = {
#define X(symbol, key, letter, name, doc) [CT_REASON_##symbol] = key,
	CT_REASONS(X)
#undef X
};

const char ct_reason_letters[CT_REASON_MAX] = {
#define X(symbol, key, letter, name, doc) [CT_REASON_##symbol] = letter,
	CT_REASONS(X)
#undef X
};

const struct ct_piece *ct_record_own_path(const struct ct_record *rec, size_t *ret_count)
{
	size_t from = 0, to = rec->piece_count;

	if (rec->type == CT_RECORD_RESTART) {
		while (from < to && rec->path[from].end_ns <= rec->told_until_ns)
			from++;
		while (to > from && rec->path[to - 1].begin_ns >= rec->told_from_ns)
			to--;
	}
	*ret_count = to - from;
	return rec->path ? rec->path + from : NULL;
}

struct ct_why ct_record_why(const struct ct_record *rec, enum ct_phase phase)
{
	struct ct_why why = { { 0 } };

	for (size_t i = 0; i < rec->piece_count; i++) {
		const struct ct_piece *piece = &rec->path[i];

		if (phase == CT_PHASE_MAX || piece->phase == phase)
			why.ns[piece->reason] += piece->end_ns - piece->begin_ns;
	}
	return why;
}

const char *const ct_record_names[CT_RECORD_MAX] = {
#define X(symbol, name, subject, title, doc) [CT_RECORD_##symbol] = name,
	CT_RECORDS(X)
#undef X
};

const char *const ct_record_titles[CT_RECORD_MAX] = {
#define X(symbol, name, subject, title, doc) [CT_RECORD_##symbol] = title,
	CT_RECORDS(X)
#undef X
};

const enum ct_subject ct_record_subjects[CT_RECORD_MAX] = {
#define X(symbol, name, subject, title, doc) [CT_RECORD_##symbol] = CT_SUBJECT_##subject,
	CT_RECORDS(X)
#undef X
};

const char *const ct_subject_names[CT_SUBJECT_MAX] = {
#define X(symbol, name, doc) [CT_SUBJECT_##symbol] = name,
	CT_SUBJECTS(X)
#undef X
};

const char *const ct_outcome_names[] = {
#define X(symbol, name) [CT_OUTCOME_##symbol] = name,
	CT_OUTCOMES(X)
#undef X
};

const char *const ct_cause_names[] = {
#define X(symbol, name) [CT_CAUSE_##symbol] = name,
	CT_CAUSES(X)
#undef X
};

const char *const ct_named_names[CT_NAMED_MAX] = { [CT_NAMED_NONE] = "",
#define X(number, symbol, name, doc) [CT_NAMED_##symbol] = name,
						   CT_NAMEDS(X)
#undef X
};

const char *const ct_layer_proof_names[CT_PROVED_MAX] = {
#define X(symbol, name, doc) [CT_PROVED_##symbol] = name,
	CT_LAYER_PROOFS(X)
#undef X
};

const char *const ct_client_by_names[CT_CLIENT_MAX] = {
#define X(symbol, name, doc) [CT_CLIENT_##symbol] = name,
	CT_CLIENTS(X)
#undef X
};

const char *const ct_ready_names[CT_READY_MAX] = {
#define X(symbol, name, doc) [CT_READY_##symbol] = name,
	CT_READIES(X)
#undef X
};

_Static_assert(CT_PHASE_MAX <= 32, "ct_record.seen and .missing hold a bit per phase");

const char *ct_label(const struct ct_labels *labels, const char *key)
{
	const char *at = labels ? labels->pairs : NULL, *end = at ? at + labels->len : NULL;

	while (at < end) {
		const char *value = at + strnlen(at, (size_t)(end - at)) + 1;
		size_t len = value < end ? strnlen(value, (size_t)(end - value)) : 0;

		if (value + len >= end) /* not whole */
			return NULL;
		if (!strcmp(at, key))
			return value;
		at = value + len + 1;
	}
	return NULL;
}

uint64_t ct_record_phase_ns(const struct ct_record *rec, enum ct_phase phase)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < rec->segment_count; i++) {
		const struct ct_segment *seg = &rec->segments[i];

		if (seg->phase == phase && seg->end_ns > seg->begin_ns)
			sum += seg->end_ns - seg->begin_ns;
	}
	return sum;
}

void ct_image_registry(const char *image, char *ret, size_t room)
{
	const char *slash = strchr(image, '/');
	size_t len = slash ? (size_t)(slash - image) : 0;
	bool host = len && (memchr(image, '.', len) || memchr(image, ':', len) ||
			    (len == 9 && !memcmp(image, "localhost", len)));

	ct_text_copy(ret, room, host ? ct_text(image, len) : ct_text("docker.io", 9));
}
