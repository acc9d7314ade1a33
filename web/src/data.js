// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What lies in the page, and what it says together. The schema is coldtrace/1.

import { plural } from "./format.js";
import { join_restarts } from "./why.js";

const read = (id) => document.getElementById(id)?.textContent ?? "";

// A page that was cut off has no end: all records that are whole are taken.
function parse(text) {
	try {
		return { ...JSON.parse(text), whole: true };
	} catch {
		const lines = text.split("\n").filter((line) => line.startsWith("{"));
		const whole = lines.flatMap((line, i) => {
			try {
				return [JSON.parse(i ? line.replace(/,$/, "") : `${line.replace(/,$/, "")}}`)];
			} catch {
				return [];
			}
		});
		const session = whole[0]?.session;
		if (!session)
			throw new Error("The data of this page cannot be read: the file was cut off at its very beginning.");
		const rest = whole.slice(1);
		return { session, records: rest.filter((one) => one.kind !== "opens"), opens: rest.filter((one) => one.kind === "opens"), summary: null, whole: false };
	}
}

export function load() {
	const words = JSON.parse(read("words"));
	const data = parse(read("data"));
	data.records.forEach((record, index) => {
		record.index = index;
	});
	join_restarts(data.records);
	return { ...data, words };
}

export const no_value = "not known";

// What a pull has instead of a runtime is the engine that makes it, as in the summary.
export const run_by = (record) => record.runtime || (record.fetched && record.engine) || no_value;

// Columns: its name, the name of a record's group, and of those of no use with one group, true.
export const groupings = {
	runtime: ["runtime", run_by],
	engine: ["engine", (record) => record.engine || no_value],
	image: ["image", (record) => record.image || no_value],
	container: ["container", (record) => record.name || record.id.slice(0, 12) || no_value],
	node: ["node", (record) => record.node || no_value, true],
};

// In the order of the terminal.
export const kinds_in = (records, words) => words.records.map(([name]) => name).filter((name) => records.some((record) => record.kind === name));

// What is said behind the name of a container that the host's root does not run: docs/trust.md.
export function whose(record) {
	const outer = record.scope?.container;
	if (!record.scope)
		return "";
	if (!outer)
		return ` of uid ${record.scope.uid}`;
	return ` in ${outer.name || outer.id?.slice(0, 12) || (outer.pid ? `pid ${outer.pid}` : "a container")}`;
}

// The middle of the histogram bucket that the value falls into: the same numbers as in the
// terminal, where the values themselves are not kept.
function rounded(value, precision) {
	if (value < precision)
		return value;
	const width = 2 ** (Math.floor(Math.log2(value)) - Math.log2(precision) + 1);
	return Math.floor(value / width) * width + width / 2;
}

// Nearest rank, as user/util/hist.c has it.
export function quantile(sorted, q, precision) {
	const n = sorted.length;
	const rank = Math.min(n, Math.max(1, Math.ceil(q * n * (1 - 1e-12))));
	if (rank === 1)
		return sorted[0];
	if (rank === n)
		return sorted[n - 1];
	return Math.min(sorted[n - 1], Math.max(sorted[0], rounded(sorted[rank - 1], precision)));
}

export function stats(values, precision) {
	const sorted = Float64Array.from(values).sort();
	const n = sorted.length;
	if (!n)
		return { n, sorted, sum: 0 };
	return {
		n,
		sorted,
		min: sorted[0],
		p50: quantile(sorted, 0.5, precision),
		p90: quantile(sorted, 0.9, precision),
		p99: quantile(sorted, 0.99, precision),
		max: sorted[n - 1],
		sum: sorted.reduce((sum, value) => sum + value, 0),
	};
}

// Only what went well is measured; the rest is counted.
export function group(records, by, phases, precision) {
	const groups = new Map();
	for (const record of records) {
		const name = by(record);
		const key = `${record.kind}\n${name}`;
		let g = groups.get(key);
		if (!g) {
			g = { key, name, type: record.kind, count: { ok: 0, failed: 0, cut: 0 }, phases: {}, unknown: {}, total: [] };
			groups.set(key, g);
		}
		g.count[record.outcome]++;
		for (const phase of phases)
			if (record.phases[phase] === null)
				g.unknown[phase] = (g.unknown[phase] ?? 0) + 1;
		if (record.outcome !== "ok")
			continue;
		g.total.push(record.total_ns);
		for (const [phase, ns] of Object.entries(record.phases))
			if (ns !== null)
				(g.phases[phase] ??= []).push(ns);
	}
	for (const g of groups.values()) {
		g.total = stats(g.total, precision);
		for (const phase of Object.keys(g.phases))
			g.phases[phase] = stats(g.phases[phase], precision);
	}
	return [...groups.values()];
}

export function loss_sentences(data) {
	const { summary, words } = data;
	if (!summary)
		return ["The file ends before the summary: what was lost is not known."];
	const unread = summary.unread ? [`Not all of ${plural(summary.unread, "recording")} could be read.`] : [];
	const lost = Object.entries(summary.lost)
		.filter(([, n]) => n > 0)
		.map(([key, n]) => {
			const [name, advice] = words.losses[key] ?? [key, ""];
			return `${n} × ${name}${advice ? ` (${advice})` : ""}`;
		});
	const unheard = (summary.unheard ?? []).map((of) =>
		`${plural(of.requests, "request")} to ${of.pid ? `${of.engine || "process"} ${of.pid}` : "engines"} not understood.`);
	const deaf = (summary.deaf ?? []).map((of) =>
		`${of.pid ? `${of.engine || "process"} ${of.pid} is` : `${plural(of.count, "other engine")} are`} asked on TCP, which is not heard.`);
	const orders = (summary.unknown_orders ?? []).map((of) =>
		`${of.pid ? `${of.engine || "process"} ${of.pid}` : "Other engines"}${of.version && `, version ${of.version},`} did ` +
		`${plural(of.starts, "start")} and ${plural(of.stops, "stop")} in an order that is not known here.`);
	return [...unread, ...(lost.length ? [`Events were lost: ${lost.join(", ")}.`] : []), ...unheard, ...deaf, ...orders];
}
