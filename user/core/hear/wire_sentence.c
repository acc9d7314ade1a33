// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sentences with which engines say why something failed. They quote what they were given: addresses with who asks and
 * a key behind a question mark (of a store to which a registry sends on, net/url's Error), options of a mount
 * (moby's volume/local), variables that have no name (opts/env.go of moby: "=value"). What is quoted so is no part of the reason, whatever it is.
 *
 * What is given may have spaces. A word with a secret goes on behind them for as long as the sentence itself says that this is
 * not its own text yet: up to the other quotation mark, or where what is quoted last ends.
 */
#include <string.h>

#include "core/hear/wire.h"

static bool ends_word(char c)
{
	return (unsigned char)c <= ' ' || strchr("\"'`\\", c);
}

static bool is_quote(char c)
{
	return c && strchr("\"'`\\", c);
}

/* *ret_before: what is in front of it, a quotation mark if it is quoted. */
static struct ct_text take_word(struct ct_text *rest, char *ret_before)
{
	struct ct_text word;

	*ret_before = ' ';
	while (rest->len && ends_word(*rest->p)) {
		*ret_before = *rest->p;
		*rest = ct_text(rest->p + 1, rest->len - 1);
	}
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

/* Up to the next quotation mark, or all of the rest. */
static struct ct_text to_quote(struct ct_text rest)
{
	size_t len = 0;

	while (len < rest.len && !is_quote(rest.p[len]))
		len++;
	return ct_text(rest.p, len);
}

/* Engines put ": " and the reason behind what they were doing. */
static size_t first_colon(struct ct_text t)
{
	const char *at = memmem(t.p, t.len, ": ", 2);

	return at ? (size_t)(at - t.p) : t.len;
}

static size_t last_colon(struct ct_text t)
{
	for (size_t i = t.len; i > 1; i--)
		if (t.p[i - 2] == ':' && t.p[i - 1] == ' ')
			return i - 2;
	return t.len;
}

/* "x" and 'x', and not what stands between two of those. */
static size_t quoted(struct ct_text word, char before, struct ct_text rest)
{
	struct ct_text inside = to_quote(rest);

	if (!is_quote(before) || inside.len == rest.len || strchr(".,:;)]}", *word.p))
		return word.len;
	return first_colon(inside);
}

/* "//me:one two@host": what is behind the colon is no port. */
static size_t user_with_spaces(struct ct_text word, struct ct_text rest)
{
	size_t begin = after_scheme(word), at = to_quote(rest).len;
	struct ct_text who = ct_text(word.p + begin, word.len - begin);
	const char *colon = memchr(who.p, ':', who.len);
	const char *user = memchr(word.p + word.len, '@', at - word.len);

	if (!begin && ct_text_starts(word, "//"))
		who = ct_text(who.p + 2, who.len - 2);
	else if (!begin)
		return word.len;
	if (!user || !colon || colon + 1 == who.p + who.len || memchr(word.p, '@', word.len) ||
	    memchr(who.p, '/', (size_t)(colon - who.p)) || (colon[1] >= '0' && colon[1] <= '9'))
		return word.len;
	for (at = (size_t)(user - word.p); at < rest.len && !ends_word(rest.p[at]);)
		at++;
	return at;
}

/* The word, with what belongs to it behind spaces; behind: the word in front of it. */
static struct ct_text whole(struct ct_text word, char before, struct ct_text behind,
			    struct ct_text rest)
{
	struct ct_text end = to_quote(rest);
	size_t len = quoted(word, before, rest);

	if (*word.p == '=' && word.len > 1)
		len = end.len;
	else if (ct_text_is(behind, "data:") && after_mark(word))
		return ct_text(word.p, last_colon(end));
	else if (*word.p == '/' && after_mark(word) && len <= word.len) /* Go: "stat /a b: gone" */
		len = first_colon(end);
	else if (len <= word.len)
		len = user_with_spaces(word, rest);
	return ct_text(word.p, len > word.len ? len : word.len);
}

bool ct_sentence_secret(struct ct_text *rest, struct ct_text *ret)
{
	struct ct_text word, behind = ct_text("", 0);
	char before;

	while ((word = take_word(rest, &before)).len) {
		struct ct_text all = whole(word, before, behind, *rest);
		bool found = secret_of(all, ret);
		const char *next = found ? ret->p + ret->len : word.p + word.len;

		/* Behind who asks the word goes on with its "@". */
		*rest = ct_text(next, (size_t)(rest->p + rest->len - next));
		if (found)
			return true;
		behind = word;
	}
	return false;
}
