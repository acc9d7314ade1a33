// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sentences with which engines say why something failed. They quote what they were given: addresses with who asks and
 * a key behind a question mark (of a store to which a registry sends on, net/url's Error), options of a mount
 * (moby's volume/local), variables that have no name (opts/env.go of moby: "=value"). What is quoted so is no part of the reason, whatever it is.
 */
#include <string.h>

#include "core/hear/wire.h"

static bool ends_word(char c)
{
	return (unsigned char)c <= ' ' || strchr("\"'`\\", c);
}

static struct ct_text take_word(struct ct_text *rest)
{
	struct ct_text word;

	while (rest->len && ends_word(*rest->p))
		*rest = ct_text(rest->p + 1, rest->len - 1);
	word = ct_text(rest->p, 0);
	while (word.len < rest->len && !ends_word(word.p[word.len]))
		word.len++;
	return word;
}

/* Behind the last "@" that is before no digest: what is in front of it is who asks. */
static size_t after_user(struct ct_text word)
{
	for (size_t i = word.len; i > 0; i--) {
		struct ct_text behind = ct_text(word.p + i, word.len - i);

		if (word.p[i - 1] == '@' && !ct_text_starts(behind, "sha256:") &&
		    !ct_text_starts(behind, "sha512:"))
			return i;
	}
	return 0;
}

static size_t after_scheme(struct ct_text word)
{
	static const char mark[] = "://";
	const char *at = memmem(word.p, word.len, mark, sizeof(mark) - 1);

	return at ? (size_t)(at - word.p) + sizeof(mark) - 1 : 0;
}

/* Of "level=error" there are a few, in lines of logs that are quoted whole. */
static bool is_level(struct ct_text word)
{
	return ct_text_starts(word, "level=");
}

static size_t after_mark(struct ct_text word)
{
	for (size_t i = 0; i + 1 < word.len; i++)
		if ((i && strchr("?#", word.p[i])) || (word.p[i] == '=' && !is_level(word)))
			return i + 1;
	return 0;
}

/* Where there is both, who asks may have any of these marks in his password. */
static bool secret_of(struct ct_text word, struct ct_text *ret)
{
	size_t begin = after_scheme(word), at = after_user(word), mark = after_mark(word);

	if (at > begin + 1) {
		*ret = ct_text(word.p + begin, (mark ? word.len : at - 1) - begin);
		return true;
	}
	*ret = ct_text(word.p + mark, word.len - mark);
	return mark;
}

bool ct_sentence_secret(struct ct_text *rest, struct ct_text *ret)
{
	struct ct_text word;

	while ((word = take_word(rest)).len) {
		bool found = secret_of(word, ret);
		const char *next = found ? ret->p + ret->len : word.p + word.len;

		/* Behind who asks the word goes on with its "@". */
		*rest = ct_text(next, (size_t)(rest->p + rest->len - next));
		if (found)
			return true;
	}
	return false;
}
