// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What all records waited for, and which pieces the path of one is drawn in.
import { download } from "./csv.js";
import { fill, h, select } from "./dom.js";
import { count, duration, percent, plural } from "./format.js";

const rows_shown = 20;
const words = (reason) => reason.replaceAll("_", " ");
const title_of = (group) => `${group.kind}, ${group.key || "not known"}`;

const header = ["kind", "group", "phase", "reason", "which", "program", "step", "median_ns", "total_ns", "records"];

const csv_rows = (groups) => () => [
	header,
	...groups.flatMap((group) =>
		group.causes.map((cause) => [group.kind, group.key, cause.phase, cause.reason, cause.what, cause.actor, cause.step, cause.median_ns, cause.total_ns, cause.records]),
	),
];

function table_of(group) {
	const shown = group.causes.slice(0, rows_shown);
	const rest = group.causes.length - shown.length;
	return [
		h(
			"div",
			{ class: "scroll" },
			h(
				"table",
				{ "data-type": group.kind, "data-group": group.key },
				h("caption", {}, `${title_of(group)}: ${plural(group.records, "record")}, unexplained ${percent(group.unexplained_ns / Math.max(1, group.total_ns))}`),
				h("thead", {}, h("tr", {}, ["Median", "Share", "", "Phase", "Reason", "Which", "Program", "Step", "Records"].map((name) => h("th", { scope: "col" }, name)))),
				h(
					"tbody",
					{},
					shown.map((cause) =>
						h(
							"tr",
							{},
							h("td", { class: "number", "data-ns": String(cause.median_ns) }, duration(cause.median_ns)),
							h("td", { class: "number" }, percent(cause.total_ns / Math.max(1, group.total_ns))),
							h("td", {}, h("i", { class: "share", style: { width: `${(60 * cause.total_ns) / Math.max(1, group.causes[0].total_ns)}px`, background: `var(--reason-${cause.reason})` } })),
							h("td", {}, cause.phase),
							h("td", {}, words(cause.reason)),
							h("td", { class: "detail" }, cause.what),
							h("td", {}, cause.actor),
							h("td", {}, cause.step),
							h("td", { class: "number" }, count(cause.records)),
						),
					),
				),
			),
		),
		rest > 0 ? h("p", { class: "hint" }, `${count(rest)} more are in the CSV.`) : null,
	];
}

// Of the summary; null where waits were not traced. tools and content of a panel.
export function why_panel(summary) {
	const groups = summary?.why ?? [];
	if (!groups.length)
		return null;
	const box = h("div", {});
	const show = (at) => fill(box, table_of(groups[at]));
	show(0);
	return {
		tools: h(
			"div",
			{ class: "tools" },
			groups.length > 1 ? select("of", groups.map((group, at) => [String(at), title_of(group)]), "0", (at) => show(Number(at))) : null,
			download("coldtrace-why", csv_rows(groups)),
		),
		content: box,
	};
}

const overlaps = (piece, from, to) => piece.end_ns > from && piece.begin_ns < to;
const clipped = (piece, from, to) => ({ ...piece, begin_ns: Math.max(piece.begin_ns, from), end_ns: Math.min(piece.end_ns, to) });

// A restart has only those pieces that its stop and its start do not have.
export function join_restarts(records) {
	for (const restart of records) {
		if (restart.kind !== "restart" || !restart.path)
			continue;
		const others = records.filter(
			(other) =>
				other.path &&
				((other.kind === "stop" && other.id === restart.predecessor?.id) || (other.kind === "start" && other.id === restart.id)) &&
				other.end_ns > restart.begin_ns &&
				other.begin_ns < restart.end_ns,
		);
		let at = restart.begin_ns;
		const pieces = [...restart.path, ...others.flatMap((other) => other.path)]
			.filter((piece) => overlaps(piece, restart.begin_ns, restart.end_ns))
			.sort((a, b) => a.begin_ns - b.begin_ns || a.end_ns - b.end_ns);
		restart.path = pieces.flatMap((piece) => {
			if (piece.end_ns <= at)
				return [];
			const own = clipped(piece, at, restart.end_ns);
			at = own.end_ns;
			return [own];
		});
	}
}
