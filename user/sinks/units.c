// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/units.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <time.h>

#define NS_PER_S 1000000000LL

/* A unit is used up to, not including, `below` ns of it after rounding to three digits. */
static const struct unit {
	const char *name;
	const char *utf8;
	uint64_t ns;
	double below;
} units[] = {
	{ "ns", "ns", 1, 999.5 },
	{ "us", "\u00b5s", 1000, 999.5 },
	{ "ms", "ms", 1000000, 999.5 },
	{ "s", "s", NS_PER_S, 999.5 },
	{ "min", "min", 60 * NS_PER_S, 99.95 },
	{ "h", "h", 3600 * NS_PER_S, 99.95 },
	{ "d", "d", 86400 * NS_PER_S, 0 },
};

static int decimals(double value)
{
	if (value < 9.995)
		return 2;
	return value < 99.95 ? 1 : 0;
}

const char *ct_duration(char *buf, uint64_t ns, unsigned flags)
{
	const struct unit *u = units;
	const char *space = flags & CT_DURATION_COMPACT ? "" : " ";
	const char *name, *pad;
	double value;

	while (u->below != 0 && (double)ns / (double)u->ns >= u->below)
		u++;
	value = (double)ns / (double)u->ns;
	name = flags & CT_DURATION_UTF8 ? u->utf8 : u->name;
	pad = flags & CT_DURATION_COLUMN && !u->name[1] ? " " : "";
	snprintf(buf, CT_DURATION_LEN, "%.*f%s%s%s", u == units ? 0 : decimals(value), value, space,
		 name, pad);
	return buf;
}

/* Rounds down also before 1970. */
static time_t seconds(int64_t real_ns, int64_t *ret_rest)
{
	int64_t s = real_ns / NS_PER_S, rest = real_ns % NS_PER_S;

	if (rest < 0) {
		rest += NS_PER_S;
		s--;
	}
	*ret_rest = rest;
	return (time_t)s;
}

const char *ct_clock(char *buf, int64_t real_ns, bool millis)
{
	int64_t rest;
	time_t s = seconds(real_ns, &rest);
	struct tm tm = { 0 };

	localtime_r(&s, &tm);
	if (millis)
		snprintf(buf, CT_CLOCK_LEN, "%02u:%02u:%02u.%03u", (unsigned)tm.tm_hour % 100,
			 (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100,
			 (unsigned)(rest / 1000000) % 1000);
	else
		snprintf(buf, CT_CLOCK_LEN, "%02u:%02u:%02u", (unsigned)tm.tm_hour % 100,
			 (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
	return buf;
}

const char *ct_date(char *buf, int64_t real_ns)
{
	int64_t rest;
	time_t s = seconds(real_ns, &rest);
	struct tm tm = { 0 };

	*buf = '\0';
	localtime_r(&s, &tm);
	strftime(buf, CT_DATE_LEN, "%Y-%m-%d", &tm);
	return buf;
}

const char *ct_rfc3339(char *buf, int64_t real_ns)
{
	int64_t rest;
	time_t s = seconds(real_ns, &rest);
	struct tm tm = { 0 };
	char date[24] = "";

	gmtime_r(&s, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf, CT_RFC3339_LEN, "%s.%09uZ", date, (unsigned)rest);
	return buf;
}

const char *ct_bytes(char *buf, uint64_t bytes)
{
	static const char *const sizes[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double n = (double)bytes;
	size_t unit = 0;

	for (; n >= 1024 && unit + 1 < sizeof(sizes) / sizeof(sizes[0]); unit++)
		n /= 1024;
	snprintf(buf, CT_BYTES_LEN, unit ? "%.1f %s" : "%.0f %s", n, sizes[unit]);
	return buf;
}

const char *ct_address(char *buf, const struct ct_peer *peer, uint16_t port)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(peer->v6 ? AF_INET6 : AF_INET, peer->address, text, sizeof(text));
	if (port)
		snprintf(buf, CT_ADDRESS_LEN, peer->v6 ? "[%s]:%u" : "%s:%u", text, port);
	else
		snprintf(buf, CT_ADDRESS_LEN, "%s", text);
	return buf;
}
