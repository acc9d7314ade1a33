// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The files that containers opened: a block of numbers and two tables per container and view.
import { h } from "./dom.js";
import { count, duration, percent, plural } from "./format.js";

const rows_max = 15;

// The words of user/sinks/opens_words.c.
const cautions = {
	host: "These are not the application's opens: its sandbox opens a file of the host when it first touches it, one path component at a time, and keeps what it found. Neither counts nor times are one to one; the application's own opens are not seen here.",
	sentry: "Sentry open service time: the way from the application into the Sentry and back is outside it.",
};

function rows(title, items, name) {
	if (!items.length)
		return null;
	const head = ["opens", "failed", "time", "longest", title];
	return h(
		"table",
		{},
		h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col" }, text)))),
		h(
			"tbody",
			{},
			items.slice(0, rows_max).map((item) =>
				h("tr", {}, [count(item.count), count(item.failed), duration(item.total_ns), duration(item.max_ns), name(item)].map((text) => h("td", {}, text))),
			),
		),
	);
}

function unseen(one) {
	return Object.entries(one.unseen || {}).map(([view, why]) => `no view '${view}': ${why}`);
}

// The most frequent first.
function errors_of(errors) {
	return Object.entries(errors).sort(([, a], [, b]) => b - a).map(([name, n]) => `${name} ${count(n)}`).join(", ");
}

function facts(one) {
	const { open, exec } = one.calls;
	const until = one.until_ready;
	return [
		open.count && `${plural(open.count, "open")}, ${count(open.failed)} failed, ${duration(open.total_ns)} in all, p50 ${duration(open.p50_ns)}, p99 ${duration(open.p99_ns)}, max ${duration(open.max_ns)}`,
		exec.count && `${plural(exec.count, "exec")}, p50 ${duration(exec.p50_ns)}`,
		until && `until ready: ${until.at_most ? "at most " : ""}${count(until.count)}, ${duration(until.total_ns)}${until.share === null ? "" : ` (${percent(until.share)})`}${until.count ? `, p50 ${duration(until.p50_ns)}, p99 ${duration(until.p99_ns)}, max ${duration(until.max_ns)}` : ""}${errors_of(until.errors) && `; ${errors_of(until.errors)}`}`,
		errors_of(one.errors) && `errors: ${errors_of(one.errors)}`,
		...unseen(one),
		one.path_error && `the number of opens of a path may be too low by up to ${count(one.path_error)}: there was no room for more paths`,
	].filter(Boolean);
}

// A container of which no view is seen says so alone.
function missed_block(one) {
	return h("p", { class: "note" }, `${one.name || one.id}: ${unseen(one).join("; ")}`);
}

export function opens_blocks(opens) {
	return opens.map((one) =>
		one.view === null ? missed_block(one) : h(
			"details",
			{ open: opens.length < 4 },
			h("summary", {}, `${one.name || one.id || "other containers"}, ${one.runtime || "runtime not known"}, view ${one.view}`),
			h("ul", {}, facts(one).map((fact) => h("li", {}, fact))),
			rows("group", one.groups, (group) => group.name),
			rows("module", one.modules, (group) => (group.kind ? `${group.name} (${group.kind})` : group.name)),
			rows("mount", one.mounts, (group) => (group.kind ? `${group.name} (${group.kind})` : group.name)),
			rows("path", one.slowest, (path) => (path.error ? `${path.path} (${path.error})` : path.path)),
			cautions[one.view] ? h("p", { class: "note" }, cautions[one.view]) : null,
		),
	);
}
