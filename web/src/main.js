// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The page: what is shown, and what follows what.
import { cdf, medians, shares } from "./charts.js";
import { canvas } from "./chart.js";
import { group, groupings, load, loss_sentences, whose } from "./data.js";
import { fill, h, segmented, select } from "./dom.js";
import { clock, count, date, duration, percent, plural } from "./format.js";
import { opens_blocks } from "./opens.js";
import { dark, own_key, series_colour, series_max } from "./palette.js";
import { follow } from "./live.js";
import { RecordTable } from "./table.js";
import { download } from "./csv.js";
import { read_link, write_link } from "./link.js";
import { as_table, reasons_key, waterfall, why_table, zoom, zooms } from "./waterfall.js";
import { join_restarts, why_panel } from "./why.js";

const bars_max = 40;

function start(data) {
	const { session, records, words } = data;
	const phase_names = words.phases.map(([name]) => name);
	const phase_docs = new Map(words.phases);
	const live = words.live;
	const types_there = () => words.records.filter(([name]) => records.some((record) => record.kind === name));
	const types = types_there();
	const offered = Object.entries(groupings).filter(([, [, by, several]]) => !several || new Set(records.map(by)).size > 1);
	const nodes = offered.some(([key]) => key === "node");
	const time = new Set(records.map((record) => date(record.begin_time))).size > 1 ? (text) => `${date(text)} ${clock(text)}` : clock;
	const state = {
		type: types[0]?.[0] ?? "all",
		by: "runtime",
		runtime: "all",
		outcome: "all",
		text: "",
		shares: "share",
		medians: "log",
		cdf: "linear",
		phase: "total",
		record: null,
		chosen: false, // by somebody, not as the slowest
	};

	// What a link says; of a record who it is and when it began, which stays the same in a live page.
	const linked = { type: state.type, by: state.by, runtime: "all", outcome: "all", text: "", record: null };
	const name_of = (record) => (record ? `${record.kind}@${record.id}@${record.begin_ns}` : null);
	const follow_link = () => {
		const { record, ...said } = read_link(linked);
		Object.assign(state, { ...linked, record: state.record }, said);
		if (!(state.by in groupings))
			state.by = linked.by;
		const found = records.find((one) => name_of(one) === record);
		if (found) {
			state.record = found;
			state.chosen = true;
		}
	};
	const keep_link = () => write_link(linked, { ...state, record: state.chosen ? name_of(state.record) : null });
	follow_link();

	const matches = (record, needle) => record.name.toLowerCase().includes(needle) || record.image.toLowerCase().includes(needle) || record.id.startsWith(needle);
	const filtered = () => {
		const needle = state.text.trim().toLowerCase();
		return records.filter(
			(record) =>
				(state.type === "all" || record.kind === state.type) &&
				(state.runtime === "all" || record.runtime === state.runtime) &&
				(state.outcome === "all" || record.outcome === state.outcome) &&
				(!needle || matches(record, needle)),
		);
	};

	const title_of = (g) => (state.type === "all" ? `${g.name}, ${g.type}` : g.name);
	const type_order = words.records.map(([name]) => name);

	// All groups in the order of the terminal: type, then name.
	function groups_of(shown) {
		const [, by] = groupings[state.by];
		return group(shown, by, phase_names, words.hist_precision).sort(
			(a, b) => type_order.indexOf(a.type) - type_order.indexOf(b.type) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
		);
	}

	// The groups with the most records, in the order they had.
	function most(groups, max) {
		if (groups.length <= max)
			return groups;
		const chosen = new Set([...groups].sort((a, b) => b.total.n - a.total.n).slice(0, max));
		return groups.filter((g) => chosen.has(g));
	}

	const phases_in = (groups) => phase_names.filter((name) => groups.some((g) => g.phases[name] || g.unknown[name]));

	const boxes = {
		shares: canvas("Stacked bars: which share of the time each phase takes, per group. The numbers are in the table under Numbers."),
		medians: canvas("Dots and lines: median, minimum and maximum of each phase, per group. The numbers are in the table under Numbers."),
		cdf: canvas("Cumulative distribution, one line per group: the share of records that took no longer than a given time."),
		waterfall: canvas(""),
	};
	const places = Object.fromEntries(["cards", "phases", "legend", "legend2", "numbers", "more", "pick", "detail", "actors", "head", "honest", "opened"].map((name) => [name, h("div", { class: name })]));
	boxes.waterfall.tabIndex = 0;
	boxes.waterfall.setAttribute("role", "group");
	boxes.waterfall.setAttribute("aria-keyshortcuts", "ArrowLeft ArrowRight + - 0");

	const table = new RecordTable((record) => {
		choose_record(record);
		document.getElementById("waterfall").scrollIntoView({ behavior: "smooth", block: "start" });
	}, time);

	let groups = [];
	let current = null;

	function refresh(stay) {
		const shown = filtered();
		groups = groups_of(shown);
		draw_cards();
		draw_charts();
		const single = state.type === "all" ? [] : phases_in(groups);
		table.show(shown, records.length, single, stay);
		if (!state.record || !shown.includes(state.record)) {
			state.chosen = false;
			show_record(slowest(shown));
		} else if (current?.record !== state.record) {
			show_record(state.record);
		} else {
			table.select(state.record);
		}
		keep_link();
	}

	function choose_record(record) {
		state.chosen = true;
		show_record(record);
		keep_link();
	}

	const slowest = (shown) => shown.reduce((most_so_far, record) => (!most_so_far || record.total_ns > most_so_far.total_ns ? record : most_so_far), null);

	function draw_cards() {
		const top = most(groups, 6);
		fill(
			places.cards,
			top.map((g) =>
				h(
					"article",
					{ class: "card", "data-type": g.type, "data-group": g.name },
					h("h3", {}, g.name, h("span", {}, g.type)),
					h("p", { class: "big", "data-ns": g.total.n ? String(g.total.p50) : null }, g.total.n ? duration(g.total.p50) : "–", h("span", {}, g.total.n ? "median" : "nothing to measure")),
					h(
						"p",
						{ class: "small" },
						g.total.n ? `${duration(g.total.min)} to ${duration(g.total.max)}, p99 ${duration(g.total.p99)}` : "",
					),
					h("div", { class: "mini", "aria-hidden": "true" }, phase_names.filter((name) => g.phases[name]?.sum).map((name) => h("i", { style: { width: `${(g.phases[name].sum / g.total.sum) * 100}%`, background: `var(--phase-${name})` } }))),
					h("p", { class: "small counts" }, [
						h("span", { class: "ok" }, `${count(g.count.ok)} ok`),
						g.count.failed ? h("span", { class: "bad" }, `${count(g.count.failed)} failed`) : "",
						g.count.cut ? h("span", { class: "bad" }, `${count(g.count.cut)} cut`) : "",
					]),
				),
			),
		);
	}

	function legend(place, list) {
		fill(
			place,
			list.map((g, i) => h("span", { class: "key" }, h("i", { style: { background: series_colour(i) } }), title_of(g), h("small", {}, `n = ${count(g.total.n)}`))),
		);
	}

	function draw_charts() {
		const measured = groups.filter((g) => g.total.n);
		const bars = most(measured, bars_max);
		const lines = most(measured, series_max);
		const phases = phases_in(measured).filter((name) => measured.some((g) => g.phases[name]));
		const titles = (list) => list.map(title_of);
		document.body.classList.toggle("nothing", !measured.length);
		fill(
			places.phases,
			phases.map((name) => h("span", { class: "key", title: phase_docs.get(name) ?? null }, h("i", { style: { background: `var(--phase-${name})` } }), name)),
		);
		fill(
			places.more,
			measured.length > lines.length ? `The ${lines.length} groups with the most records of ${measured.length}; in the stacked bars ${bars.length}. Filter to see others.` : "",
		);
		legend(places.legend, lines);
		legend(places.legend2, lines);
		if (!phases.includes(state.phase))
			state.phase = "total";
		fill(
			document.getElementById("cdf-phase"),
			select("of", ["total", ...phases].map((name) => [name, name]), state.phase, (value) => {
				state.phase = value;
				draw_charts();
			}),
		);
		if (measured.length) {
			shares(boxes.shares, bars, phases, titles(bars), state.shares);
			medians(boxes.medians, lines, phases, titles(lines), state.medians);
			cdf(boxes.cdf, lines, titles(lines), state.phase, state.cdf);
		}
		draw_numbers(most(groups, series_max));
	}

	function number_rows(list) {
		const columns = ["n", "min", "p50", "p90", "p99", "max", "sum"];
		return [
			["type", "group", "phase", ...columns.map((name) => (name === "n" ? name : `${name}_ns`)), "unknown"],
			...list.flatMap((g) =>
				[...phases_in([g]), "total"].map((name) => {
					const s = name === "total" ? g.total : g.phases[name] ?? { n: 0 };
					return [g.type, g.name, name, ...columns.map((column) => s[column]), g.unknown[name] ?? 0];
				}),
			),
		];
	}

	function draw_numbers(list) {
		const cell = (ns) => h("td", { class: "number", "data-ns": ns === undefined ? null : String(ns) }, ns === undefined ? "–" : duration(ns));
		fill(
			places.numbers,
			list.map((g) => {
				const gaps = Object.keys(g.unknown).length > 0;
				return h(
					"div",
					{ class: "scroll" },
					h(
						"table",
						{ "data-type": g.type, "data-group": g.name },
						h("caption", {}, `${g.type}, ${g.name}: `, h("span", { class: "ok" }, `${count(g.count.ok)} ok`), ["failed", "cut"].filter((key) => g.count[key]).map((key) => [", ", h("span", { class: "bad" }, `${count(g.count[key])} ${key}`)])),
						h("thead", {}, h("tr", {}, ["phase", "n", "min", "p50", "p90", "p99", "max", "share", gaps ? "unknown" : ""].filter(Boolean).map((name, i) => h("th", { scope: "col", class: i ? "number" : null }, name)))),
						h(
							"tbody",
							{},
							[...phases_in([g]), "total"].map((name) => {
								const s = name === "total" ? g.total : g.phases[name] ?? { n: 0, sum: 0 };
								return h(
									"tr",
									{ "data-phase": name, class: name === "total" ? "sum" : null },
									h("th", { scope: "row" }, name === "total" ? "" : h("i", { class: "dot", style: { background: `var(--phase-${name})` } }), name),
									h("td", { class: "number" }, count(s.n)),
									[s.min, s.p50, s.p90, s.p99, s.max].map(cell),
									h("td", { class: "number" }, g.total.sum ? percent(s.sum / g.total.sum) : "–"),
									gaps ? h("td", { class: g.unknown[name] ? "number bad" : "number quiet" }, g.unknown[name] ? `${count(g.unknown[name])} unknown` : "") : "",
								);
							}),
						),
					),
				);
			}),
		);
	}

	function show_record(record) {
		state.record = record;
		table.select(record);
		document.getElementById("waterfall").classList.toggle("nothing", !record);
		if (!record)
			return;
		const family = records.filter((other) => other.id === record.id && record.id && whose(other) === whose(record));
		fill(
			places.pick,
			h("h3", {}, (record.name || record.id.slice(0, 12) || "container") + whose(record)),
			family.length > 1 && family.length <= 12
				? segmented("Records of this container", family.map((other) => [String(other.index), other.kind, time(other.begin_time).slice(0, -4)]), String(record.index), (key) => choose_record(records[Number(key)]))
				: null,
		);
		fill(places.detail, h("dl", {}, facts(record).map(([term, value, bad]) => h("div", {}, h("dt", {}, term), h("dd", { class: bad ? "bad" : null }, value)))), record.failed?.message ? h("p", { class: "bad message" }, record.failed.message) : "");
		boxes.waterfall.setAttribute("aria-label", `Waterfall of the ${record.kind} of ${record.name || record.id}: ${plural(record.segments.length, "phase segment")}, ${plural(record.steps.length, "step")}, ${record.path ? `critical path of ${plural(record.path.length, "piece")}, ` : ""}${duration(record.total_ns)}. Arrow keys move, plus and minus zoom, 0 shows all.`);
		current = { ...waterfall(boxes.waterfall, record), record };
		const opened = (data.opens ?? []).filter((one) => one.id === record.id && record.id && whose(one) === whose(record) && (one.exec_ns === null || (one.exec_ns >= record.begin_ns && one.exec_ns <= record.end_ns)));
		fill(places.opened, opened.length ? [h("h3", {}, "Files that it opened"), opens_blocks(opened)] : "");
		const actors = [...new Set(record.steps.map((step) => !own_key(step) && step.actor).filter(Boolean))];
		const own = new Map(record.steps.filter((step) => step.parent !== null).map((step) => [own_key(step), step.name]));
		own.delete(false);
		const keys = [...actors.map((actor) => [`actor-${actor}`, actor]), ...own];
		fill(
			places.actors,
			reasons_key(record),
			keys.length ? [h("span", {}, actors.length ? "Steps by" : "Steps"), keys.map(([key, name]) => h("span", { class: "key" }, h("i", { style: { background: `var(--${key}, var(--muted))` } }), name))] : h("span", {}, "No steps: record with --steps to see what happens inside the phases."),
		);
		fill(document.getElementById("as-table"), why_table(record), as_table(record));
	}

	const peer = ({ address, port, host, asked, failed, rtt_ns }) =>
		`${count(asked)} to ${host && host !== address ? `${host} at ` : ""}${address.includes(":") ? `[${address}]` : address}:${port}${failed ? `, ${count(failed)} failed` : ""}${rtt_ns === null ? "" : `, RTT ${duration(rtt_ns)}`}`;

	// Who asked, and what for: a container, or a pod, that waited for it.
	function asker({ fetched: { client, client_pid, container }, pod }) {
		const wants = container === null ? (pod ? ` for pod ${pod.namespace}/${pod.name}` : "") : container ? ` for container ${container}` : " for a container";
		return client_pid ? [["asked by", `${client ? `${client} (pid ${client_pid})` : `pid ${client_pid}`}${wants}`]] : [];
	}

	const fetched = ({ registry, digest, layers, bound, up_to_date, links }) => [
		["registry", registry || "not known"],
		["digest", digest?.replace(/^sha256:/, "").slice(0, 12) || "not known"],
		["layers", up_to_date ? "up to date" : `${count(layers.length)}, ${count(layers.filter((layer) => layer.there).length)} already there`],
		...(bound?.by ? [["bounded by", bound.by.replaceAll("_", " ")]] : []),
		...(links ? links.peers.map((of) => ["connections", peer(of), of.failed > 0]) : []),
	];

	function facts(record) {
		const unknown = Object.entries(record.phases).filter(([, ns]) => ns === null).map(([name]) => name);
		return [
			["record", record.kind],
			["outcome", record.failed ? `failed in ${record.failed.phase}${record.failed.step ? `, step ${record.failed.step}` : ""}` : record.outcome === "cut" ? "cut: tracing ended, or evidence was lost, before it was complete" : record.outcome, record.outcome !== "ok"],
			["total", duration(record.total_ns)],
			["began", `${date(record.begin_time)} ${clock(record.begin_time)} UTC`],
			nodes && ["node", record.node || "not known"],
			record.fetched ? ["engine", record.engine || "not known"] : ["runtime", record.runtime || "not known"],
			["image", record.image || "not known"],
			...(record.fetched ? [...asker(record), ...fetched(record.fetched)] : [["id", record.id.slice(0, 12) || "not known"]]),
			record.ready && ["ready by", `${record.ready.by}, +${duration(record.ready.ns - record.begin_ns)}`],
			record.exit_code !== null && ["exit code", String(record.exit_code), record.exit_code !== 0],
			record.predecessor && ["successor of", record.predecessor.name || record.predecessor.id.slice(0, 12)],
			unknown.length && ["unknown", `${unknown.join(", ")}: a mark was not seen`, true],
		].filter(Boolean);
	}

	const keys = { ArrowLeft: "left", ArrowRight: "right", "+": "in", "=": "in", "-": "out", 0: "all" };
	boxes.waterfall.addEventListener("keydown", (event) => {
		const change = keys[event.key];
		if (!current || !change || event.ctrlKey || event.metaKey)
			return;
		event.preventDefault();
		zoom(current.chart, 0, zooms[change]);
	});
	const zoom_button = (text, label, change) => h("button", { type: "button", "aria-label": label, title: label, onclick: () => current && zoom(current.chart, 0, zooms[change]) }, text);

	const runtimes = () => [...new Set(records.map((record) => record.runtime))].filter(Boolean).sort();
	const outcomes = () => [...new Set(records.map((record) => record.outcome))].sort();
	const set = (key) => (value) => {
		state[key] = value;
		refresh();
	};
	const restyle = (key, draw) => (value) => {
		state[key] = value;
		draw();
	};
	let waiting;
	const search = h("input", {
		type: "search",
		value: state.text,
		placeholder: "name, image or id",
		oninput: (event) => {
			clearTimeout(waiting);
			waiting = setTimeout(() => set("text")(event.target.value), 120);
		},
	});
	const scale = [["linear", "linear"], ["log", "log"]];

	const nav = h("nav", { class: "filters", "aria-label": "Filters" });
	const container = h("label", { class: "field grow" }, h("span", {}, "Container"), search);
	function draw_filters() {
		fill(
			nav,
			segmented(
				"Type of record",
				[...types_there().map(([name]) => [name, name, count(records.filter((record) => record.kind === name).length)]), ["all", "all", count(records.length)]],
				state.type,
				set("type"),
			),
			select("Group by", offered.map(([key, [text]]) => [key, text]), state.by, set("by")),
			select("Runtime", [["all", "all"], ...runtimes().map((name) => [name, name])], state.runtime, set("runtime")),
			select("Outcome", [["all", "all"], ...outcomes().map((name) => [name, name])], state.outcome, set("outcome")),
			container,
		);
	}
	const liveness = live ? h("p", { class: "live", role: "status", id: "live" }, "connecting") : null;
	function draw_head() {
		const containers = live ? new Set(records.map((record) => record.id)).size : data.summary?.containers ?? new Set(records.map((record) => record.id)).size;
		fill(places.head, h("header", { class: "masthead" }, h("div", {}, h("p", { class: "brand" }, "coldtrace"), h("h1", {}, `${plural(containers, "container")}, ${plural(records.length, "record")}`), liveness), meta(session, data.summary)));
		fill(places.honest, honesty(data));
	}
	const why = why_panel(data.summary);
	draw_head();
	draw_filters();

	// What has come is put behind the rest; what is too much is forgotten from the front.
	function take(came, summary) {
		if (summary)
			data.summary = summary;
		draw_head();
		if (!came.length)
			return;
		records.push(...came);
		join_restarts(came.some((record) => record.kind === "restart") ? records : []);
		records.splice(0, Math.max(0, records.length - live.most));
		records.forEach((record, index) => {
			record.index = index;
		});
		// Who is choosing is not disturbed.
		if (!nav.contains(document.activeElement) || document.activeElement === search)
			redraw_filters();
		refresh(true);
	}
	function redraw_filters() {
		const typing = document.activeElement === search;
		draw_filters();
		if (typing)
			search.focus();
	}
	if (live)
		follow(live, (text) => fill(liveness, text), take);

	document.getElementById("app").replaceChildren(
		places.head,
		places.honest,
		nav,
		h(
			"main",
			{},
			places.cards,
			places.more,
			panel("shares", "Where the time goes", segmented("Scale of the bars", [["share", "share"], ["time", "mean time"]], "share", restyle("shares", draw_charts)), places.phases, boxes.shares),
			h(
				"div",
				{ class: "pair" },
				panel("medians", "Median, minimum to maximum", segmented("Axis", scale, "log", restyle("medians", draw_charts)), places.legend, boxes.medians),
				panel("cdf", "How many are done by when", h("div", { class: "tools" }, h("div", { id: "cdf-phase" }), segmented("Axis", scale, "linear", restyle("cdf", draw_charts))), places.legend2, boxes.cdf, h("p", { class: "hint" }, "Ctrl and wheel zoom.")),
			),
			panel("numbers", "Numbers", download("coldtrace-numbers", () => number_rows(groups)), places.numbers, h("p", { class: "hint" }, "Of records with outcome ok. Minimum, maximum and n are exact; quantiles are by nearest rank, off by at most 1/", String(words.hist_precision), ".")),
			panel(
				"waterfall",
				"Waterfall",
				h("div", { class: "tools buttons" }, zoom_button("−", "Zoom out", "out"), zoom_button("+", "Zoom in", "in"), zoom_button("←", "Earlier", "left"), zoom_button("→", "Later", "right"), zoom_button("all", "Show all", "all")),
				places.pick,
				places.detail,
				places.actors,
				boxes.waterfall,
				h("p", { class: "hint" }, "Choose a record in the table below. Drag to move, Ctrl and wheel to zoom, or use the keys ← → + − 0."),
				h("div", { id: "as-table" }),
				places.opened,
			),
			why && panel("why", "Why: what they waited for", why.tools, why.content, h("p", { class: "hint" }, "Of all records with outcome ok, whatever the filters above: medians over the records of a group, and each cause's share of the time of all.")),
			data.opens?.length ? panel("opens", "Opened files", null, opens_blocks(data.opens)) : null,
			panel("records", "Records", download("coldtrace-records", () => table.rows()), table.element),
		),
		h("footer", {}, h("p", {}, `coldtrace ${session.version}. ${live ? "It shows what its server tells it" : "This page needs no network"}. Its data are JSON, schema ${session.schema}, in the element with the id “data”; charts by Apache ECharts, licences in the source of this page.`)),
	);
	refresh();
	if (state.chosen)
		document.getElementById("waterfall").scrollIntoView({ block: "start" });
	window.addEventListener("hashchange", () => {
		follow_link();
		search.value = state.text;
		draw_filters();
		refresh();
	});
	dark.addEventListener("change", refresh_colours);
	function refresh_colours() {
		draw_charts();
		show_record(state.record);
	}
	let settling;
	for (const box of Object.values(boxes))
		box.addEventListener("redraw", () => {
			cancelAnimationFrame(settling);
			settling = requestAnimationFrame(refresh_colours);
		});
}

function panel(id, title, tools, ...content) {
	return h("section", { class: "panel", id, "aria-labelledby": `${id}-title` }, h("div", { class: "bar" }, h("h2", { id: `${id}-title` }, title), tools), content);
}

function meta(session, summary) {
	const rows = [
		["begin", `${date(session.begin_time)} ${clock(session.begin_time)} UTC`],
		["length", summary ? duration(summary.end_ns - session.begin_ns) : "not known"],
		["kernel", session.kernel],
		["depth", session.depth],
		["events", summary ? count(summary.events) : "not known"],
	];
	return h("dl", { class: "meta" }, rows.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));
}

// What is missing, in words and first: numbers below it are only as good as that.
function honesty(data) {
	const { records, summary } = data;
	const lost = loss_sentences(data);
	const cut = records.filter((record) => record.outcome === "cut").length;
	const failed = records.filter((record) => record.outcome === "failed").length;
	const unmatched = summary ? Object.entries(summary.unmatched).filter(([, n]) => n) : [];
	const notes = [
		failed && `${plural(failed, "record")} failed`,
		cut && `${plural(cut, "record")} cut: tracing ended first, or evidence was lost`,
		summary?.unknown_phases && `${plural(summary.unknown_phases, "phase")} unknown: a mark was not seen, so ${summary.unknown_phases === 1 ? "it is" : "they are"} neither guessed nor counted`,
		...unmatched.map(([what, n]) => `${count(n)} unmatched ${what}`),
	].filter(Boolean);
	return h(
		"div",
		{ class: lost.length ? "honesty incomplete" : "honesty", id: "honesty", role: lost.length ? "alert" : null },
		h("p", { class: lost.length ? "bad" : "ok" }, h("strong", {}, lost.length ? "Incomplete: " : "Nothing lost."), lost.join(" ")),
		notes.length ? h("ul", {}, notes.map((note) => h("li", { class: "bad" }, note))) : "",
	);
}

try {
	start(load());
} catch (error) {
	document.getElementById("app").replaceChildren(h("p", { class: "bad wait", role: "alert" }, `This page cannot be drawn: ${error.message}`));
	console.error(error);
}
