// SPDX-License-Identifier: GPL-2.0-only
/*
 * HPACK (RFC 7541): fields of HTTP/2 header blocks. Names and values are sent once and referred to
 * by number afterwards, so what a sender said before has to be remembered, per connection.
 *
 * Numbers count from the newest entry. So what was heard is right even when its beginning was not:
 * an entry of before is not known, and is said to be not known.
 */
#include "core/hear/wire_hpack.h"
#include "core/hear/wire.h"

#include <stdlib.h>

#define STATIC_ENTRIES 61
#define ENTRY_OVERHEAD 32 /* 4.1 */
#define TABLE_SIZE     4096 /* RFC 9113, 6.5.2: what nobody here changes */
#define ENTRIES_MAX    (TABLE_SIZE / ENTRY_OVERHEAD)
#define ENTRIES_MIN    8 /* there is room for; a power of two, as the most is */
#define STRING_ROOM    512 /* of what is longer, the beginning */
#define CODE_BITS_MAX  30
#define FIRST_NUMBER   (1ull << 32) /* those of the static table are smaller */

/* Fields that somebody asks for. */
enum what {
	OTHER,
	PATH,
	NAMESPACE,
	LEASE,
	STATUS,
	MESSAGE
};

/* Columns: name, field. */
static const struct {
	const char *name;
	enum what what;
} wanted[] = {
	{ ":path", PATH },
	{ "containerd-namespace", NAMESPACE },
	{ "containerd-lease", LEASE },
	{ "grpc-status", STATUS },
	{ "grpc-message", MESSAGE },
};

/* :path is 4 and 5 of the static table (appendix A), the others are not in it. */
#define STATIC_PATH_FIRST 4
#define STATIC_PATH_LAST  5

struct entry {
	enum what what;
	uint32_t size;
	char *value; /* owned, NULL: nobody asks for it */
};

/* Of a thousand connections most say little: what is not needed is not there. */
struct ct_hpack {
	uint32_t limit, size;
	uint32_t newest, count, room; /* ring */
	uint64_t
		inserted; /* number of the newest: also those of before have one, by their distance */
	enum sieve {
		READS, /* and changes nothing */
		KEEPS, /* and overwrites what nobody asks for */
		KEEPS_MESSAGES /* likewise, but for why something failed */
	} sieve;
	struct entry *entries; /* owned */
};

/*
 * Appendix B: the code is canonical, so the symbols in the order of their codes and how many codes
 * there are of each length are all of it. The last, EOS, is in no string.
 */
static const uint8_t codes_of_length[CODE_BITS_MAX + 1] = {
	[5] = 10,  [6] = 26,  [7] = 32, [8] = 6,   [10] = 5,  [11] = 3,  [12] = 2,
	[13] = 6,  [14] = 2,  [15] = 3, [19] = 3,  [20] = 8,  [21] = 13, [22] = 26,
	[23] = 29, [24] = 12, [25] = 4, [26] = 15, [27] = 19, [28] = 29, [30] = 4,
};

static const uint8_t symbols[256] = {
	48,  49,  50,  97,  99,  101, 105, 111, 115, 116, 32,  37,  45,  46,  47,  51,  52,  53,
	54,  55,  56,  57,  61,  65,  95,  98,  100, 102, 103, 104, 108, 109, 110, 112, 114, 117,
	58,  66,  67,  68,  69,  70,  71,  72,  73,  74,  75,  76,  77,  78,  79,  80,  81,  82,
	83,  84,  85,  86,  87,  89,  106, 107, 113, 118, 119, 120, 121, 122, 38,  42,  44,  59,
	88,  90,  33,  34,  40,  41,  63,  39,  43,  124, 35,  62,  0,   36,  64,  91,  93,  126,
	94,  125, 60,  96,  123, 92,  195, 208, 128, 130, 131, 162, 184, 194, 224, 226, 153, 161,
	167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230, 129, 132, 133, 134, 136, 146, 154,
	156, 160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189, 190, 196, 198, 228, 232,
	233, 1,   135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165,
	166, 168, 174, 175, 180, 182, 183, 188, 191, 197, 231, 239, 9,   142, 144, 145, 148, 159,
	171, 206, 215, 225, 236, 237, 199, 207, 234, 235, 192, 193, 200, 201, 202, 205, 210, 213,
	218, 219, 238, 240, 242, 243, 255, 203, 204, 211, 212, 214, 221, 222, 223, 241, 244, 245,
	246, 247, 248, 250, 251, 252, 253, 254, 2,   3,   4,   5,   6,   7,   8,   11,  12,  14,
	15,  16,  17,  18,  19,  20,  21,  23,  24,  25,  26,  27,  28,  29,  30,  31,  127, 220,
	249, 10,  13,  22,
};

#define CODE_BITS_MIN 5
#define SHORT_BITS    8 /* nearly all that is sent has codes that are no longer */

/* The symbol whose code a byte begins with, and how long that is; 0: longer than the byte. */
static unsigned short_code(unsigned byte, char *symbol)
{
	uint32_t first = 0, index = 0;

	for (unsigned bits = CODE_BITS_MIN; bits <= SHORT_BITS; bits++) {
		uint32_t n = codes_of_length[bits], spread = SHORT_BITS - bits;

		if (byte < first + (n << spread)) {
			*symbol = (char)symbols[index + ((byte - first) >> spread)];
			return bits;
		}
		first += n << spread;
		index += n;
	}
	return 0;
}

struct ct_hpack *ct_hpack_new(void)
{
	struct ct_hpack *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->limit = TABLE_SIZE;
	h->inserted = FIRST_NUMBER;
	return h;
}

static struct entry *entry_at(struct ct_hpack *h, uint64_t age)
{
	if (age >= h->count)
		return NULL;
	return &h->entries[(h->newest + h->room - (uint32_t)age) % h->room];
}

static void evict(struct ct_hpack *h)
{
	struct entry *e = entry_at(h, h->count - 1);

	h->size -= e->size;
	h->count--;
	free(e->value);
	e->value = NULL;
}

static void empty(struct ct_hpack *h)
{
	while (h->count)
		evict(h);
}

/* What is referred to from here on is not known to be what had the same distance before. */
void ct_hpack_forget(struct ct_hpack *h)
{
	empty(h);
	h->inserted += FIRST_NUMBER;
}

void ct_hpack_free(struct ct_hpack *h)
{
	if (!h)
		return;
	empty(h);
	free(h->entries);
	free(h);
}

/* Room for twice as many, who are in order then. */
static bool grow(struct ct_hpack *h)
{
	uint32_t room = h->room ? 2 * h->room : ENTRIES_MIN;
	struct entry *entries = calloc(room, sizeof(*entries));

	if (!entries)
		return false;
	for (uint32_t age = 0; age < h->count; age++)
		entries[h->count - 1 - age] = *entry_at(h, age);
	free(h->entries);
	h->entries = entries;
	h->room = room;
	h->newest = h->count ? h->count - 1 : room - 1;
	return true;
}

static void insert(struct ct_hpack *h, enum what what, const char *value, uint64_t length)
{
	struct entry *e;

	h->inserted++;
	/* 4.4: what is larger than the table empties it. */
	while (h->count &&
	       (h->size + length + ENTRY_OVERHEAD > h->limit || h->count == ENTRIES_MAX))
		evict(h);
	if (length + ENTRY_OVERHEAD > h->limit)
		return;
	if (h->count == h->room && !grow(h)) {
		ct_hpack_forget(h); /* who is not there has a number all the same */
		return;
	}
	h->newest = (h->newest + 1) % h->room;
	h->count++;
	e = &h->entries[h->newest];
	e->what = what;
	e->size = (uint32_t)length + ENTRY_OVERHEAD;
	e->value = what == OTHER ? NULL : strdup(value);
	h->size += e->size;
}

/* 5.1: an integer behind `bits` bits of prefix. */
static bool take_integer(struct ct_text *in, unsigned bits, uint64_t *value)
{
	uint64_t most = (1u << bits) - 1;
	unsigned shift = 0;
	unsigned char byte;

	if (!in->len)
		return false;
	*value = (unsigned char)*in->p & most;
	in->p++;
	in->len--;
	if (*value < most)
		return true;
	do {
		if (!in->len || shift > 28)
			return false;
		byte = (unsigned char)*in->p++;
		in->len--;
		*value += (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return true;
}

struct string {
	uint64_t length; /* decoded */
	struct ct_text coded; /* in the block */
	bool huffman;
	char text[STRING_ROOM];
};

static void append(struct string *s, char c)
{
	if (s->length < sizeof(s->text) - 1)
		s->text[s->length] = c;
	s->length++;
}

/* `first` is the first code of that length, `index` the place of its symbol. */
static bool unhuffman(struct ct_text in, struct string *s)
{
	uint64_t held = 0; /* bits that are still to be read, `left` of them */
	unsigned left = 0, bits = CODE_BITS_MIN;
	uint32_t first = 0, index = 0;

	for (;;) {
		uint32_t code, n = codes_of_length[bits];

		for (; left < (bits > SHORT_BITS ? bits : SHORT_BITS) && in.len; left += 8) {
			held = held << 8 | (unsigned char)*in.p;
			in = ct_text(in.p + 1, in.len - 1);
		}
		if (bits == CODE_BITS_MIN && left >= SHORT_BITS) {
			char symbol;
			unsigned taken = short_code(held >> (left - SHORT_BITS) & 0xff, &symbol);

			if (taken) {
				append(s, symbol);
				left -= taken;
				continue;
			}
		}
		if (left < bits)
			return left < 8; /* 5.2: the rest is a beginning of EOS */
		code = (uint32_t)(held >> (left - bits)) & ((1u << bits) - 1);
		if (code - first < n) {
			if (index + code - first >= sizeof(symbols))
				return false;
			append(s, (char)symbols[index + code - first]);
			left -= bits;
			bits = CODE_BITS_MIN;
			first = index = 0;
			continue;
		}
		first = (first + n) << 1;
		index += n;
		if (++bits > CODE_BITS_MAX)
			return false;
	}
}

/* 5.2. False when it is not whole. */
static bool take_string(struct ct_text *in, struct string *s)
{
	uint64_t len;

	s->huffman = in->len && *in->p & 0x80;
	s->length = 0;
	if (!take_integer(in, 7, &len) || len > in->len)
		return false;
	s->coded = ct_text(in->p, (size_t)len);
	if (s->huffman) {
		if (!unhuffman(ct_text(in->p, (size_t)len), s))
			return false;
	} else {
		size_t n = len < sizeof(s->text) ? (size_t)len : sizeof(s->text) - 1;

		memcpy(s->text, in->p, n);
		s->length = len;
	}
	s->text[s->length < sizeof(s->text) ? s->length : sizeof(s->text) - 1] = '\0';
	in->p += len;
	in->len -= (size_t)len;
	return true;
}

static enum what what_of(const char *name)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (!strcmp(name, wanted[i].name))
			return wanted[i].what;
	}
	return OTHER;
}

static void found(struct ct_headers *ret, enum what what, const char *value)
{
	struct ct_text text = ct_text(value, strlen(value));

	switch (what) {
	case PATH:
		ct_text_copy(ret->path, sizeof(ret->path), text);
		break;
	case NAMESPACE:
		ct_text_copy(ret->ns, sizeof(ret->ns), text);
		break;
	case LEASE:
		ct_text_copy(ret->lease, sizeof(ret->lease), text);
		break;
	case STATUS:
		ret->status = (int)strtoul(value, NULL, 10);
		break;
	case MESSAGE:
		ct_text_copy(ret->message, sizeof(ret->message), text);
		break;
	case OTHER:
		break;
	}
}

/* The place of the first symbol with a code of so many bits, and that code. */
static uint32_t first_code(unsigned bits)
{
	uint32_t first = 0;

	for (unsigned b = CODE_BITS_MIN; b < bits; b++)
		first = (first + codes_of_length[b]) << 1;
	return first;
}

/* How many bits more than the shortest: the least that is no less than what lacks, and has a code. */
static unsigned code_extra(uint64_t lacks, unsigned most)
{
	unsigned extra = lacks < most ? (unsigned)lacks : most;

	while (extra < most && !codes_of_length[CODE_BITS_MIN + extra])
		extra++;
	return extra;
}

#define PADDING_MAX  7 /* bits that are no symbol: 5.2 */
#define EXTRA_COMMON 3 /* nearly all of what is sent has codes of at most eight bits */
#define EXTRA_MOST   (CODE_BITS_MAX - CODE_BITS_MIN)

/* Other symbols, as many of them, in as many bytes: only the lengths stay. */
static void refill_huffman(char *to, size_t len, uint64_t count)
{
	uint64_t least = 8 * len < PADDING_MAX ? 0 : 8 * len - PADDING_MAX, held = 0;
	uint64_t lacks = least > CODE_BITS_MIN * count ? least - CODE_BITS_MIN * count : 0;
	unsigned most = lacks <= EXTRA_COMMON * count ? EXTRA_COMMON : EXTRA_MOST, left = 0;
	char *end = to + len;

	for (; count; count--) {
		unsigned extra = code_extra(lacks, most), bits = CODE_BITS_MIN + extra;

		held = held << bits | first_code(bits);
		lacks -= extra < lacks ? extra : lacks;
		for (left += bits; left >= 8 && to < end; left -= 8)
			*to++ = (char)(held >> (left - 8));
	}
	if (to < end && left < 8)
		*to = (char)(held << (8 - left) | 0xff >> left);
}

#define FILLER '*'

/* The block is the caller's to change. */
static void overwrite(const struct string *s)
{
	char *to = (char *)s->coded.p;

	if (s->huffman)
		refill_huffman(to, s->coded.len, s->length);
	else if (s->coded.len)
		memset(to, FILLER, s->coded.len);
}

/* Columns: field, what its value is made of besides letters and digits, most bytes. */
static const struct {
	const char *others;
	size_t max;
} shapes[] = {
	[PATH] = { "/._-", 95 },
	[NAMESPACE] = { "._-", 79 },
	[LEASE] = { "._-", 79 },
	[STATUS] = { "", 3 },
};

/* Whether it is what its field is for: a number that is wrong would make any header a path. */
static bool is_shaped(enum what what, const struct string *s)
{
	struct ct_text said = ct_text(s->text, strlen(s->text)), secret;

	if (what == OTHER || s->length > (what == MESSAGE ? STRING_ROOM : shapes[what].max))
		return false;
	for (const char *c = s->text; what != MESSAGE && *c; c++) {
		char low = (char)(*c | 0x20);

		if (!(low >= 'a' && low <= 'z') && !(*c >= '0' && *c <= '9') &&
		    !strchr(shapes[what].others, *c))
			return false;
	}
	if (what == MESSAGE && ct_sentence_secret(&said, &secret))
		return false;
	return what != PATH || *s->text == '/';
}

static bool is_kept(const struct ct_hpack *h, enum what what, const struct string *s)
{
	return h->sieve == READS ||
	       (is_shaped(what, s) && (what != MESSAGE || h->sieve == KEEPS_MESSAGES));
}

static enum what name_at(struct ct_hpack *h, uint64_t index)
{
	struct entry *e;

	if (index <= STATIC_ENTRIES)
		return index >= STATIC_PATH_FIRST && index <= STATIC_PATH_LAST ? PATH : OTHER;
	e = entry_at(h, index - STATIC_ENTRIES - 1);
	return e ? e->what : OTHER;
}

/* The name's length counts for the size of the table; of a number it is not known here. */
#define NAME_GUESS 8

/* Those that have no number make it none. */
static void number(struct ct_path_key *key, unsigned int place, uint64_t field)
{
	if (place < CT_PATH_FIELDS && key->fields == place)
		key->field[key->fields++] = field;
}

static bool literal(struct ct_hpack *h, struct ct_text *in, unsigned bits, unsigned int place,
		    struct ct_headers *ret)
{
	uint64_t index, name_length = NAME_GUESS;
	struct string text;
	enum what what;

	if (!take_integer(in, bits, &index))
		return false;
	if (index) {
		what = name_at(h, index);
	} else {
		if (!take_string(in, &text))
			return false;
		what = what_of(text.text);
		name_length = text.length;
		if (what == OTHER && h->sieve != READS)
			overwrite(&text);
	}
	if (!take_string(in, &text))
		return false;
	if (!is_kept(h, what, &text))
		overwrite(&text);
	found(ret, what, text.text);
	if (bits == 6) {
		insert(h, what, text.text, name_length + text.length);
		number(&ret->key, place, h->inserted);
	}
	return true;
}

static bool take_field(struct ct_hpack *h, struct ct_text *in, unsigned int place,
		       struct ct_headers *ret)
{
	unsigned char first = (unsigned char)*in->p;
	struct entry *e;
	uint64_t n;

	if (first & 0x80) { /* 6.1: a number for the whole field */
		if (!take_integer(in, 7, &n) || !n)
			return false;
		e = n > STATIC_ENTRIES ? entry_at(h, n - STATIC_ENTRIES - 1) : NULL;
		if (e && e->value)
			found(ret, e->what, e->value);
		if (n <= STATIC_ENTRIES)
			number(&ret->key, place, n);
		else if (n - STATIC_ENTRIES <= ENTRIES_MAX) /* there can be no older one */
			number(&ret->key, place, h->inserted - (n - STATIC_ENTRIES - 1));
		return true;
	}
	if (first & 0x40) /* 6.2.1: to be remembered */
		return literal(h, in, 6, place, ret);
	if (first & 0x20) { /* 6.3: another size */
		if (!take_integer(in, 5, &n) || n > TABLE_SIZE)
			return false;
		h->limit = (uint32_t)n;
		while (h->size > h->limit)
			evict(h);
		return true;
	}
	return literal(h, in, 4, place, ret); /* 6.2.2, 6.2.3 */
}

bool ct_hpack_read(struct ct_hpack *h, struct ct_text block, struct ct_headers *ret)
{
	unsigned int place = 0;

	ct_headers_none(ret);
	while (block.len) {
		bool resizes = ((unsigned char)*block.p & 0xe0) == 0x20;

		if (take_field(h, &block, place, ret)) {
			place += !resizes;
			continue;
		}
		/* What it did not say would shift the numbers of all that is known. */
		ct_hpack_forget(h);
		return false;
	}
	return true;
}

bool ct_hpack_sieve(struct ct_hpack *h, char *block, size_t len, bool messages,
		    struct ct_headers *ret)
{
	bool whole;

	h->sieve = messages ? KEEPS_MESSAGES : KEEPS;
	whole = ct_hpack_read(h, ct_text(block, len), ret);
	h->sieve = READS;
	return whole;
}
