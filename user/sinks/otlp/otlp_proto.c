// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/otlp/otlp_proto.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum kind {
	STRING,
	BOOL,
	VARINT,
	SINT,
	FIXED64,
	DOUBLE,
	HEX,
	PACKED,
	MESSAGE
};

enum message {
	NONE,
	TRACES,
	RESOURCE_SPANS,
	SCOPE_SPANS,
	SPAN,
	EVENT,
	LINK,
	STATUS,
	METRICS,
	RESOURCE_METRICS,
	SCOPE_METRICS,
	METRIC,
	NUMBERS,
	NUMBER,
	EXPONENTIAL,
	EXPONENTIAL_POINT,
	BUCKETS,
	EXEMPLAR,
	RESOURCE,
	SCOPE,
	KEY_VALUE,
	VALUE,
	ARRAY,
};

/* The fields that are written, with their numbers. Columns: of, name, number, kind, message that it is. */
static const struct field {
	enum message of;
	const char *name;
	unsigned number;
	enum kind kind;
	enum message is;
} fields[] = {
	{ TRACES, "resourceSpans", 1, MESSAGE, RESOURCE_SPANS },
	{ RESOURCE_SPANS, "resource", 1, MESSAGE, RESOURCE },
	{ RESOURCE_SPANS, "scopeSpans", 2, MESSAGE, SCOPE_SPANS },
	{ SCOPE_SPANS, "scope", 1, MESSAGE, SCOPE },
	{ SCOPE_SPANS, "spans", 2, MESSAGE, SPAN },
	{ SPAN, "traceId", 1, HEX, NONE },
	{ SPAN, "spanId", 2, HEX, NONE },
	{ SPAN, "parentSpanId", 4, HEX, NONE },
	{ SPAN, "name", 5, STRING, NONE },
	{ SPAN, "kind", 6, VARINT, NONE },
	{ SPAN, "startTimeUnixNano", 7, FIXED64, NONE },
	{ SPAN, "endTimeUnixNano", 8, FIXED64, NONE },
	{ SPAN, "attributes", 9, MESSAGE, KEY_VALUE },
	{ SPAN, "events", 11, MESSAGE, EVENT },
	{ SPAN, "links", 13, MESSAGE, LINK },
	{ SPAN, "status", 15, MESSAGE, STATUS },
	{ EVENT, "timeUnixNano", 1, FIXED64, NONE },
	{ EVENT, "name", 2, STRING, NONE },
	{ EVENT, "attributes", 3, MESSAGE, KEY_VALUE },
	{ LINK, "traceId", 1, HEX, NONE },
	{ LINK, "spanId", 2, HEX, NONE },
	{ LINK, "attributes", 4, MESSAGE, KEY_VALUE },
	{ STATUS, "message", 2, STRING, NONE },
	{ STATUS, "code", 3, VARINT, NONE },
	{ METRICS, "resourceMetrics", 1, MESSAGE, RESOURCE_METRICS },
	{ RESOURCE_METRICS, "resource", 1, MESSAGE, RESOURCE },
	{ RESOURCE_METRICS, "scopeMetrics", 2, MESSAGE, SCOPE_METRICS },
	{ SCOPE_METRICS, "scope", 1, MESSAGE, SCOPE },
	{ SCOPE_METRICS, "metrics", 2, MESSAGE, METRIC },
	{ METRIC, "name", 1, STRING, NONE },
	{ METRIC, "description", 2, STRING, NONE },
	{ METRIC, "unit", 3, STRING, NONE },
	{ METRIC, "gauge", 5, MESSAGE, NUMBERS },
	{ METRIC, "sum", 7, MESSAGE, NUMBERS },
	{ METRIC, "exponentialHistogram", 10, MESSAGE, EXPONENTIAL },
	{ NUMBERS, "dataPoints", 1, MESSAGE, NUMBER },
	{ NUMBERS, "aggregationTemporality", 2, VARINT, NONE },
	{ NUMBERS, "isMonotonic", 3, BOOL, NONE },
	{ NUMBER, "startTimeUnixNano", 2, FIXED64, NONE },
	{ NUMBER, "timeUnixNano", 3, FIXED64, NONE },
	{ NUMBER, "asInt", 6, FIXED64, NONE },
	{ NUMBER, "attributes", 7, MESSAGE, KEY_VALUE },
	{ EXPONENTIAL, "dataPoints", 1, MESSAGE, EXPONENTIAL_POINT },
	{ EXPONENTIAL, "aggregationTemporality", 2, VARINT, NONE },
	{ EXPONENTIAL_POINT, "attributes", 1, MESSAGE, KEY_VALUE },
	{ EXPONENTIAL_POINT, "startTimeUnixNano", 2, FIXED64, NONE },
	{ EXPONENTIAL_POINT, "timeUnixNano", 3, FIXED64, NONE },
	{ EXPONENTIAL_POINT, "count", 4, FIXED64, NONE },
	{ EXPONENTIAL_POINT, "sum", 5, DOUBLE, NONE },
	{ EXPONENTIAL_POINT, "scale", 6, SINT, NONE },
	{ EXPONENTIAL_POINT, "zeroCount", 7, FIXED64, NONE },
	{ EXPONENTIAL_POINT, "positive", 8, MESSAGE, BUCKETS },
	{ EXPONENTIAL_POINT, "exemplars", 11, MESSAGE, EXEMPLAR },
	{ EXPONENTIAL_POINT, "min", 12, DOUBLE, NONE },
	{ EXPONENTIAL_POINT, "max", 13, DOUBLE, NONE },
	{ BUCKETS, "offset", 1, SINT, NONE },
	{ BUCKETS, "bucketCounts", 2, PACKED, NONE },
	{ EXEMPLAR, "timeUnixNano", 2, FIXED64, NONE },
	{ EXEMPLAR, "asDouble", 3, DOUBLE, NONE },
	{ EXEMPLAR, "spanId", 4, HEX, NONE },
	{ EXEMPLAR, "traceId", 5, HEX, NONE },
	{ EXEMPLAR, "filteredAttributes", 7, MESSAGE, KEY_VALUE },
	{ RESOURCE, "attributes", 1, MESSAGE, KEY_VALUE },
	{ SCOPE, "name", 1, STRING, NONE },
	{ SCOPE, "version", 2, STRING, NONE },
	{ KEY_VALUE, "key", 1, STRING, NONE },
	{ KEY_VALUE, "value", 2, MESSAGE, VALUE },
	{ VALUE, "stringValue", 1, STRING, NONE },
	{ VALUE, "boolValue", 2, BOOL, NONE },
	{ VALUE, "intValue", 3, VARINT, NONE },
	{ VALUE, "arrayValue", 5, MESSAGE, ARRAY },
	{ ARRAY, "values", 1, MESSAGE, VALUE },
};

static const struct field *find(enum message of, const char *name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].of == of && !strcmp(fields[i].name, name))
			return &fields[i];
	return NULL;
}

/* Integers of 64 bits are strings there. */
static uint64_t integer(const json_t *value)
{
	if (json_is_string(value))
		return strtoull(json_string_value(value), NULL, 10);
	return (uint64_t)json_integer_value(value);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int put_hex(struct ct_pb *pb, unsigned number, const char *text)
{
	uint8_t bytes[16];
	size_t len = text ? strlen(text) / 2 : 0;

	if (!len || len > sizeof(bytes))
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	ct_pb_bytes(pb, number, bytes, len);
	return 0;
}

static int put_message(struct ct_pb *pb, enum message message, json_t *object);

static int put_one(struct ct_pb *pb, const struct field *field, json_t *value)
{
	size_t at;
	int ret;

	switch (field->kind) {
	case STRING:
		ct_pb_bytes(pb, field->number, json_string_value(value), json_string_length(value));
		return json_is_string(value) ? 0 : -EINVAL;
	case BOOL:
		ct_pb_u64(pb, field->number, json_is_true(value));
		return 0;
	case VARINT:
		ct_pb_u64(pb, field->number, integer(value));
		return 0;
	case SINT:
		ct_pb_s64(pb, field->number, json_integer_value(value));
		return 0;
	case FIXED64:
		ct_pb_fixed64(pb, field->number, integer(value));
		return 0;
	case DOUBLE:
		ct_pb_double(pb, field->number, json_number_value(value));
		return 0;
	case HEX:
		return put_hex(pb, field->number, json_string_value(value));
	case MESSAGE:
		at = ct_pb_begin(pb, field->number);
		ret = put_message(pb, field->is, value);
		ct_pb_end(pb, at);
		return ret;
	default:
		return -EINVAL;
	}
}

static int put_packed(struct ct_pb *pb, const struct field *field, json_t *values)
{
	size_t at = ct_pb_begin(pb, field->number), i;
	json_t *value;

	json_array_foreach(values, i, value) ct_pb_put_varint(pb, integer(value));
	ct_pb_end(pb, at);
	return 0;
}

static int put_field(struct ct_pb *pb, const struct field *field, json_t *value)
{
	json_t *one;
	size_t i;
	int ret = 0;

	if (field->kind == PACKED)
		return put_packed(pb, field, value);
	if (!json_is_array(value))
		return put_one(pb, field, value);
	json_array_foreach(value, i, one) if (!ret) ret = put_one(pb, field, one);
	return ret;
}

/* Depth is bounded by the table: but for values in arrays, which are not nested by who writes them. */
static int put_message(struct ct_pb *pb, enum message message, json_t *object)
{
	const char *name;
	json_t *value;
	int ret = json_is_object(object) ? 0 : -EINVAL;

	json_object_foreach(object, name, value)
	{
		const struct field *field = find(message, name);

		if (!ret)
			ret = field ? put_field(pb, field, value) : -EINVAL;
	}
	return ret;
}

int ct_otlp_proto(struct ct_pb *pb, enum ct_otlp_signal signal, const char *json, size_t len)
{
	json_t *root = json_loadb(json, len, 0, NULL);
	size_t before = pb->len;
	int ret = -EINVAL;

	if (root)
		ret = put_message(pb, signal == CT_OTLP_TRACES ? TRACES : METRICS, root);
	json_decref(root);
	if (pb->failed)
		ret = -ENOMEM;
	if (ret)
		pb->len = before;
	return ret;
}
