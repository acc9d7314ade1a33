// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The numbers of groups: a card each, a table each, and rows for a file.
import { h } from "./dom.js";
import { count, duration, percent } from "./format.js";

function card(g, phases) {
	const { total } = g;
	return h(
		"article",
		{ class: "card", "data-type": g.type, "data-group": g.name },
		h("h3", {}, g.name, h("span", {}, g.type)),
		h("p", { class: "big", "data-ns": total.n ? String(total.p50) : null }, total.n ? duration(total.p50) : "–", h("span", {}, total.n ? "median" : "nothing to measure")),
		h("p", { class: "small" }, total.n ? `${duration(total.min)} to ${duration(total.max)}, p99 ${duration(total.p99)}` : ""),
		h("div", { class: "mini", "aria-hidden": "true" }, phases.filter((name) => g.phases[name]?.sum).map((name) => h("i", { style: { width: `${(g.phases[name].sum / total.sum) * 100}%`, background: `var(--phase-${name})` } }))),
		h("p", { class: "small counts" }, [
			h("span", { class: "ok" }, `${count(g.count.ok)} ok`),
			g.count.failed ? h("span", { class: "bad" }, `${count(g.count.failed)} failed`) : "",
			g.count.cut ? h("span", { class: "bad" }, `${count(g.count.cut)} cut`) : "",
		]),
	);
}

export const cards = (groups, phases) => groups.map((g) => card(g, phases));

const of_phase = (g, name) => (name === "total" ? g.total : g.phases[name] ?? { n: 0 });

// phases: asked which phases a group has.
export function number_rows(groups, phases) {
	const columns = ["min", "p50", "p90", "p99", "max", "sum"];
	return [
		["type", "group", "phase", "n", ...columns.map((name) => `${name}_ns`), "unknown"],
		...groups.flatMap((g) =>
			[...phases(g), "total"].map((name) => {
				const s = of_phase(g, name);
				return [g.type, g.name, name, s.n, ...columns.map((column) => s[column]), g.unknown[name] ?? 0];
			}),
		),
	];
}

const cell = (ns) => h("td", { class: "number", "data-ns": ns === undefined ? null : String(ns) }, ns === undefined ? "–" : duration(ns));

function caption(g) {
	const bad = ["failed", "cut"].filter((key) => g.count[key]).map((key) => [", ", h("span", { class: "bad" }, `${count(g.count[key])} ${key}`)]);
	return h("caption", {}, `${g.type}, ${g.name}: `, h("span", { class: "ok" }, `${count(g.count.ok)} ok`), bad);
}

function row(g, name, gaps) {
	const s = of_phase(g, name);
	const unknown = g.unknown[name];
	return h(
		"tr",
		{ "data-phase": name, class: name === "total" ? "sum" : null },
		h("th", { scope: "row" }, name === "total" ? "" : h("i", { class: "dot", style: { background: `var(--phase-${name})` } }), name),
		h("td", { class: "number" }, count(s.n)),
		[s.min, s.p50, s.p90, s.p99, s.max].map(cell),
		h("td", { class: "number" }, g.total.sum ? percent((s.sum ?? 0) / g.total.sum) : "–"),
		gaps ? h("td", { class: unknown ? "number bad" : "number quiet" }, unknown ? `${count(unknown)} unknown` : "") : "",
	);
}

function table(g, phases) {
	const gaps = Object.keys(g.unknown).length > 0;
	const heads = ["phase", "n", "min", "p50", "p90", "p99", "max", "share", gaps ? "unknown" : ""].filter(Boolean);
	return h(
		"div",
		{ class: "scroll" },
		h(
			"table",
			{ "data-type": g.type, "data-group": g.name },
			caption(g),
			h("thead", {}, h("tr", {}, heads.map((name, i) => h("th", { scope: "col", class: i ? "number" : null }, name)))),
			h("tbody", {}, [...phases, "total"].map((name) => row(g, name, gaps))),
		),
	);
}

export const tables = (groups, phases) => groups.map((g) => table(g, phases(g)));
