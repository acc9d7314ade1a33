// SPDX-License-Identifier: GPL-2.0-only
#include "source/recording/recording_rows.h"

#include <string.h>

#include "ct_event.h"

/* Instead of a place in a list. */
#define SAME 254 /* ret: bytes of the tail; arg: as last with this obj */
#define NEW  255 /* a number says it */
/* In a tail: behind it a place in the list of words, or one of these. */
#define WORD           0xfe
#define HEX            250 /* a new word: its length, and it is among the words, two digits in a byte */
#define DECIMAL        251
#define ITSELF         255 /* the byte WORD */

#define HEX_MIN        16
#define DECIMAL_MIN    8
#define DECIMAL_MAX    19 /* fits into 64 bits */
#define DECIMAL_SHORT  12 /* fits into 40 */
#define NUMBER_LEN_MAX 10

enum row_byte {
	KIND,
	FLAGS,
	SUB,
	TAIL,
	TGID,
	ROOT,
	RET,
	OBJ,
	ARG
};
_Static_assert(ARG + 1 == CT_ROW_LEN, "each has a byte");

/* The bytes of an event, where they are. */
struct row {
	uint8_t *head;
	uint8_t *tid, *time, *dur;
};

static struct row row_of(uint8_t *heads, uint32_t count, uint32_t i)
{
	uint8_t *planes = heads + (size_t)count * CT_ROW_LEN;

	return (struct row){ heads + (size_t)i * CT_ROW_LEN, planes + i, planes + count + i,
			     planes + 2 * (size_t)count + i };
}

static unsigned int list_of(uint8_t kind)
{
	return kind < 32 ? kind : 32 + kind % 16;
}
_Static_assert(32 + 15 < CT_ROW_KINDS, "every kind has a list");

static struct ct_row_pair *pair_of(struct ct_rows_memory *m, uint8_t kind, uint64_t obj)
{
	return &m->pairs[(obj * 0x9e3779b97f4a7c15u + kind) >> 7 & (CT_ROW_PAIRS - 1)];
}

void ct_rows_begin(struct ct_rows_memory *m)
{
	m->ts_ns = 0;
	m->tgid.count = m->tid.count = m->root.count = m->words.count = 0;
	for (unsigned int i = 0; i < CT_ROW_KINDS; i++)
		m->ret[i].count = m->obj[i].count = m->arg[i].count = 0;
	memset(m->pairs, 0, sizeof(m->pairs));
}

static size_t room(const struct ct_bytes *b)
{
	return (size_t)(b->end - b->at);
}

static void put(struct ct_bytes *b, uint8_t byte)
{
	*b->at++ = byte;
}

/* Small ones are short, also when they are negative. There is room. */
static void put_number(struct ct_bytes *b, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		put(b, (uint8_t)(value | 0x80));
	put(b, (uint8_t)value);
}

static bool get_number(struct ct_bytes *b, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64 && b->at < b->end; shift += 7) {
		uint8_t byte = *b->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		*ret = value;
		return true;
	}
	return false;
}

static uint64_t fold(uint64_t difference)
{
	return difference << 1 ^ (uint64_t)((int64_t)difference >> 63);
}

static uint64_t unfold(uint64_t folded)
{
	return folded >> 1 ^ -(folded & 1);
}

static uint8_t put_value(struct ct_rows *to, struct ct_recent *recent, uint64_t value)
{
	uint64_t newest = ct_recent_newest(recent);
	int place = ct_recent_place(recent, value);

	if (place >= 0)
		return (uint8_t)place;
	put_number(&to->numbers, fold(value - newest));
	return NEW;
}

static __attribute__((noinline)) bool get_new(struct ct_rows *from, struct ct_recent *recent,
					      uint64_t *ret)
{
	uint64_t number;

	if (!get_number(&from->numbers, &number))
		return false;
	*ret = ct_recent_newest(recent) + unfold(number);
	ct_recent_add(recent, *ret);
	return true;
}

static inline bool get_value(struct ct_rows *from, struct ct_recent *recent, uint8_t code,
			     uint64_t *ret)
{
	return code != NEW ? ct_recent_at(recent, code, ret) : get_new(from, recent, ret);
}

/* Of what fits into a byte most of the time. */
static uint8_t put_small(struct ct_rows *to, uint64_t value)
{
	if (value < NEW)
		return (uint8_t)value;
	put_number(&to->numbers, value);
	return NEW;
}

static bool get_small(struct ct_rows *from, uint8_t code, uint64_t *ret)
{
	*ret = code;
	return code != NEW || get_number(&from->numbers, ret);
}

static void put_low(struct ct_bytes *b, uint64_t value)
{
	put(b, (uint8_t)value);
	put(b, (uint8_t)(value >> 8));
}

static uint64_t get_low(struct ct_bytes *b)
{
	uint64_t value = b->at[0] | (uint64_t)b->at[1] << 8;

	b->at += 2;
	return value;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t run(const char *text, size_t len, size_t most, bool (*is)(char))
{
	size_t n = 0;

	while (n < len && n < most && is(text[n]))
		n++;
	return n;
}

/* Ids, and numbers in names of files. 0: none begins here. */
static size_t word_at(const char *text, size_t len, bool *ret_hex)
{
	size_t n = run(text, len, CT_WORD_MAX, is_hex);

	*ret_hex = n >= HEX_MIN;
	if (*ret_hex)
		return n & ~(size_t)1;
	if (n < DECIMAL_MIN || *text == '0')
		return 0;
	n = run(text, len, DECIMAL_MAX, is_digit);
	return n >= DECIMAL_MIN ? n : 0;
}

static uint8_t nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static size_t decimal_bytes(size_t len)
{
	return len <= DECIMAL_SHORT ? 5 : 8;
}

static void put_word(struct ct_rows_memory *m, struct ct_rows *to, const char *word, size_t len,
		     bool hex)
{
	int place = ct_words_place(&m->words, word, len);
	uint64_t value = 0;

	put(&to->text, WORD);
	if (place >= 0) {
		put(&to->text, (uint8_t)place);
		return;
	}
	put(&to->text, hex ? HEX : DECIMAL);
	put(&to->text, (uint8_t)len);
	for (size_t i = 0; i < len; i++) {
		if (!hex)
			value = value * 10 + nibble(word[i]);
		else if (i % 2)
			put(&to->words, (uint8_t)(nibble(word[i - 1]) << 4 | nibble(word[i])));
	}
	for (size_t i = 0; !hex && i < decimal_bytes(len); i++, value >>= 8)
		put(&to->words, (uint8_t)value);
}

static void put_plain(struct ct_rows *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		put(&to->text, (uint8_t)text[i]);
		if ((uint8_t)text[i] == WORD)
			put(&to->text, ITSELF);
	}
}

static void put_tail(struct ct_rows_memory *m, struct ct_rows *to, const char *tail, size_t len)
{
	size_t at = 0, plain = 0;
	bool hex;

	while (at < len) {
		size_t n = word_at(tail + at, len - at, &hex);

		if (!n) {
			at++;
			continue;
		}
		put_plain(to, tail + plain, at - plain);
		put_word(m, to, tail + at, n, hex);
		at += n;
		plain = at;
	}
	put_plain(to, tail + plain, len - plain);
}

static const char *get_hex(struct ct_rows *from, char *word, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i += 2) {
		uint8_t byte = *from->words.at++;

		word[i] = digits[byte >> 4];
		word[i + 1] = digits[byte & 15];
	}
	return word;
}

static const char *get_decimal(struct ct_rows *from, char *word, size_t len)
{
	size_t bytes = decimal_bytes(len);
	uint64_t value = 0;

	for (size_t i = bytes; i--;)
		value = value << 8 | from->words.at[i];
	from->words.at += bytes;
	for (size_t i = len; i--; value /= 10)
		word[i] = (char)('0' + value % 10);
	return word;
}

/* The byte behind WORD has been read. */
static const char *get_word(struct ct_rows_memory *m, struct ct_rows *from, uint8_t code,
			    size_t *ret_len)
{
	static const char itself[] = { (char)WORD };
	size_t len;

	*ret_len = 1;
	if (code == ITSELF)
		return itself;
	if (code != HEX && code != DECIMAL)
		return ct_words_at(&m->words, code, ret_len);
	if (!room(&from->text))
		return NULL;
	*ret_len = len = *from->text.at++;
	if (code == HEX && len >= 2 && len <= CT_WORD_MAX && !(len % 2) &&
	    room(&from->words) >= len / 2)
		return get_hex(from, ct_words_add(&m->words, len), len);
	if (code == DECIMAL && len && len <= DECIMAL_MAX &&
	    room(&from->words) >= decimal_bytes(len))
		return get_decimal(from, ct_words_add(&m->words, len), len);
	return NULL;
}

/* The next byte WORD, or the end of all text. */
static const uint8_t *find_word(const struct ct_bytes *text)
{
	const uint8_t *word = room(text) ? memchr(text->at, WORD, room(text)) : NULL;

	return word ? word : text->end;
}

/* `word`: find_word(), which many tails lie before. */
static bool get_tail(struct ct_rows_memory *m, struct ct_rows *from, const uint8_t **word,
		     char *tail, size_t len)
{
	struct ct_bytes *text = &from->text;
	size_t at = 0, n;

	while (at < len) {
		size_t plain = (size_t)(*word - text->at);
		const char *what;

		n = len - at < plain ? len - at : plain;
		memcpy(tail + at, text->at, n);
		text->at += n;
		at += n;
		if (at == len)
			break;
		if (room(text) < 2)
			return false;
		text->at += 2;
		what = get_word(m, from, text->at[-1], &n);
		*word = find_word(text);
		if (!what || n > len - at)
			return false;
		memcpy(tail + at, what, n);
		at += n;
	}
	return true;
}

static bool is_plain(const struct ct_event *e)
{
	static const char zeros[CT_EVENT_ALIGN];
	size_t used = sizeof(*e) + e->tail_len;

	return e->tail_len <= CT_TAIL_MAX &&
	       e->len == ((used + CT_EVENT_ALIGN - 1) & ~(size_t)(CT_EVENT_ALIGN - 1)) &&
	       !memcmp(e->tail + e->tail_len, zeros, e->len - used);
}

static void put_event(struct ct_rows_memory *m, struct ct_rows *to, struct row row,
		      const struct ct_event *e)
{
	struct ct_row_pair *pair = pair_of(m, e->kind, e->obj);
	uint64_t time = fold(e->ts_ns - m->ts_ns);
	unsigned int list = list_of(e->kind);
	uint8_t *head = row.head;

	m->ts_ns = e->ts_ns;
	head[KIND] = e->kind;
	head[FLAGS] = e->flags;
	head[SUB] = put_small(to, e->sub);
	head[TAIL] = put_small(to, e->tail_len);
	put_low(&to->times, time);
	*row.time = put_small(to, time >> 16);
	head[TGID] = put_value(to, &m->tgid, e->tgid);
	*row.tid = put_value(to, &m->tid, (uint64_t)(int32_t)(e->tid - e->tgid));
	head[ROOT] = put_value(to, &m->root, e->root);
	head[RET] = e->ret == e->tail_len ? SAME
					  : put_value(to, &m->ret[list], (uint64_t)(int64_t)e->ret);
	head[OBJ] = put_value(to, &m->obj[list], e->obj);
	head[ARG] = pair->kind == e->kind && pair->obj == e->obj && pair->arg == e->arg
			    ? SAME
			    : put_value(to, &m->arg[list], e->arg);
	*pair = (struct ct_row_pair){ e->kind, e->obj, e->arg };
	/* 0 is the most frequent one by far. */
	*row.dur = e->dur_ns ? put_small(to, (e->dur_ns >> 16) + 1) : 0;
	if (e->dur_ns)
		put_low(&to->durs, e->dur_ns);
	put_tail(m, to, e->tail, e->tail_len);
}

/* More than this is not put for one event. */
static bool has_room(const struct ct_rows *to, const struct ct_event *e)
{
	return room(&to->numbers) >= (size_t)(CT_ROW_LEN + CT_ROW_PLANES) * NUMBER_LEN_MAX &&
	       room(&to->text) >= 2 * (size_t)e->tail_len && room(&to->words) >= e->tail_len &&
	       room(&to->times) >= 2 && room(&to->durs) >= 2;
}

bool ct_rows_pack(struct ct_rows_memory *m, struct ct_rows *to, const char *events, size_t len,
		  uint32_t count)
{
	uint8_t *heads = to->heads.at;
	size_t at = 0;

	if (count > room(&to->heads) / (CT_ROW_LEN + CT_ROW_PLANES))
		return false;
	for (uint32_t i = 0; i < count && at < len; i++) {
		const struct ct_event *e = (const struct ct_event *)(events + at);

		if (!is_plain(e) || !has_room(to, e))
			return false;
		put_event(m, to, row_of(heads, count, i), e);
		at += e->len;
	}
	to->heads.at += (size_t)count * (CT_ROW_LEN + CT_ROW_PLANES);
	return at == len;
}

/* Of an event that has at most so much room. */
static bool get_numbers(struct ct_rows_memory *m, struct ct_rows *from, struct row row,
			struct ct_event *e, size_t left)
{
	uint64_t sub, tail, time, tgid, tid, root, ret, obj, dur = 0;
	unsigned int list = list_of(row.head[KIND]);
	const uint8_t *head = row.head;
	struct ct_row_pair *pair;
	size_t len;

	if (!get_small(from, head[SUB], &sub) || !get_small(from, head[TAIL], &tail) ||
	    sub > UINT16_MAX || tail > CT_TAIL_MAX)
		return false;
	len = (sizeof(*e) + tail + CT_EVENT_ALIGN - 1) & ~(size_t)(CT_EVENT_ALIGN - 1);
	if (len > left || !get_small(from, *row.time, &time) ||
	    !get_value(from, &m->tgid, head[TGID], &tgid) ||
	    !get_value(from, &m->tid, *row.tid, &tid) ||
	    !get_value(from, &m->root, head[ROOT], &root))
		return false;
	ret = tail;
	if (head[RET] != SAME && !get_value(from, &m->ret[list], head[RET], &ret))
		return false;
	if (!get_value(from, &m->obj[list], head[OBJ], &obj))
		return false;
	pair = pair_of(m, head[KIND], obj);
	/* SAME is said of this kind and obj alone: who reads needs to know no more of a pair than its arg. */
	if (head[ARG] != SAME && !get_value(from, &m->arg[list], head[ARG], &pair->arg))
		return false;
	if (*row.dur) {
		if (!get_small(from, *row.dur, &dur) || room(&from->durs) < 2)
			return false;
		dur = (dur - 1) << 16 | get_low(&from->durs);
	}
	m->ts_ns += unfold(time << 16 | get_low(&from->times));
	*e = (struct ct_event){
		.len = (__u16)len,
		.kind = head[KIND],
		.flags = head[FLAGS],
		.tail_len = (__u16)tail,
		.sub = (__u16)sub,
		.ts_ns = m->ts_ns,
		.dur_ns = dur,
		.tgid = (__u32)tgid,
		.tid = (__u32)(tgid + tid),
		.root = (__u32)root,
		.ret = (__s32)ret,
		.obj = obj,
		.arg = pair->arg,
	};
	return true;
}

bool ct_rows_unpack(struct ct_rows_memory *m, struct ct_rows *from, char *events, size_t len,
		    uint32_t count)
{
	const uint8_t *word = find_word(&from->text);
	uint8_t *heads = from->heads.at;
	size_t at = 0;

	if (count > room(&from->heads) / (CT_ROW_LEN + CT_ROW_PLANES) ||
	    count > room(&from->times) / 2)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct ct_event *e = (struct ct_event *)(events + at);

		if (!get_numbers(m, from, row_of(heads, count, i), e, len - at))
			return false;
		at += e->len;
		if (!e->tail_len)
			continue;
		memset(events + at - CT_EVENT_ALIGN, 0, CT_EVENT_ALIGN); /* behind the tail */
		if (!get_tail(m, from, &word, e->tail, e->tail_len))
			return false;
	}
	return at == len && !room(&from->numbers) && !room(&from->text) && !room(&from->durs) &&
	       !room(&from->words);
}
