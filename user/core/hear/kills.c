// SPDX-License-Identifier: GPL-2.0-only
/*
 * A signal is not always sent to end: `docker kill --signal HUP` has a server read its
 * configuration anew. A stop does not begin with what tells a program something else by custom; if
 * it ends all the same, its stop begins with its exit.
 */
#include "core/hear/args.h"
#include "util/mem.h"

#include <strings.h>

/* Columns: name, number on x86 and arm64 (signal(7)). */
static const struct {
	const char *name;
	uint8_t number;
} spares[] = {
	{ "HUP", 1 },   { "USR1", 10 }, { "USR2", 12 }, { "CHLD", 17 },  { "CONT", 18 },
	{ "STOP", 19 }, { "TSTP", 20 }, { "TTIN", 21 }, { "TTOU", 22 },  { "URG", 23 },
	{ "IO", 29 },   { "POLL", 29 }, { "PWR", 30 },  { "WINCH", 28 },
};

bool ct_signal_spares(uint64_t number)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(spares); i++) {
		if (spares[i].number == number)
			return true;
	}
	return false;
}

bool ct_signal_named_spares(struct ct_text signal)
{
	uint64_t number = 0;
	size_t i = 0;

	for (; i < signal.len && signal.p[i] >= '0' && signal.p[i] <= '9' && number < 1000; i++)
		number = number * 10 + (uint64_t)(signal.p[i] - '0');
	if (i == signal.len)
		return ct_signal_spares(number);
	if (signal.len > 3 && !strncasecmp(signal.p, "SIG", 3))
		signal = ct_text(signal.p + 3, signal.len - 3);
	for (i = 0; i < CT_ARRAY_SIZE(spares); i++) {
		if (signal.len == strlen(spares[i].name) &&
		    !strncasecmp(signal.p, spares[i].name, signal.len))
			return true;
	}
	return false;
}

/* `podman kill -s HUP NAME`, `runc kill ID HUP`: an option, or what follows the id. */
bool ct_kill_spares(const struct ct_text *args, size_t n)
{
	struct ct_text signal = { "", 0 };
	size_t i = 1, operands = 0;

	while (i < n && !ct_text_is(args[i], "kill"))
		i++;
	for (i++; i < n; i++) {
		struct ct_text arg = args[i], value = arg, option = ct_text_cut(&value, '=');

		if (ct_text_is(option, "-s") || ct_text_is(option, "--signal"))
			signal = option.len < arg.len ? value : i + 1 < n ? args[++i] : signal;
		else if (!ct_text_starts(arg, "-") && ++operands == 2 && !signal.len)
			signal = arg;
	}
	return ct_signal_named_spares(signal);
}
