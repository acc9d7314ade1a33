// SPDX-License-Identifier: GPL-2.0-only OR MIT
// One record, row by row: its phases, and below each the steps in it, on one axis of time.
import { base, category_axis, clipRectByRect, draw, tip, tooltip, value_axis } from "./chart.js";
import { h } from "./dom.js";
import { download } from "./csv.js";
import { count, duration, tick } from "./format.js";
import { colour, ink_on, own_key, phase_colour, reason_colour, step_colour } from "./palette.js";

const row_height = 22;
const rows_shown = 36;
const table_rows = 400;

// What a step hangs below and has no row above it in its phase, since it began in another: its name
// is said again.
function with_parents(steps, all) {
	const last = [];
	return steps.flatMap((row) => {
		const missing = [];
		for (let at = row.step.parent ?? null; at !== null && last[all[at].depth] !== at; at = all[at].parent)
			missing.unshift(at);
		for (const at of missing)
			last[all[at].depth] = at;
		last.length = row.step.depth;
		last.push(row.index);
		return [...missing.map((at) => ({ ...row, step: all[at], name: `${all[at].name} …`, depth: all[at].depth + 1, again: true })), row];
	});
}

// Whose steps are the containers of a pod, a project or a group, or the layers of an image: each has a name.
const of_members = (record) => ["pod-start", "pod-stop", "project-start", "project-stop", "pull", "group"].includes(record.kind);

function root_of(all, step) {
	while (step.parent !== null)
		step = all[step.parent];
	return step;
}

// The critical path as one row above the phases: who was waited for, and why.
function path_rows(record) {
	if (!record.path?.length)
		return [];
	const pieces = record.path.map((piece) => ({ ...piece, begin: piece.begin_ns - record.begin_ns, end: piece.end_ns - record.begin_ns }));
	return [{ name: "critical path", phase: "", begin: 0, end: record.total_ns, depth: 0, steps: [], pieces }];
}

// How many layers are fetched at once, from one change to the next. An engine's line that one is there comes up to 4 ms
// behind the fact: the next may be begun by then, in its place.
const line_ns = 4e6;

function span_of({ waited, first_ns, known_ns, fetched_ns, proof }) {
	const begin = (waited && first_ns) || known_ns;
	return [begin, Math.max(begin + 1, ["line", "bound"].includes(proof.fetched) ? fetched_ns - line_ns : fetched_ns)];
}

function levels_of({ begin_ns, fetched }) {
	const spans = (fetched?.layers ?? [])
		.filter((layer) => !layer.there && !layer.stored && layer.fetched_ns)
		.map((layer) => span_of(layer).map((ns) => ns - begin_ns));
	const edges = [...new Set(spans.flat())].sort((a, b) => a - b);
	return edges.slice(1).map((end, i) => ({ begin: edges[i], end, n: spans.filter(([from, until]) => from <= edges[i] && edges[i] < until).length }));
}

// As one row above the layers of an image.
function at_once_rows(record, phase) {
	const levels = phase === "download" ? levels_of(record) : [];
	const most = Math.max(0, ...levels.map(({ n }) => n));
	return most ? [{ name: "fetched at once", phase, begin: levels[0].begin, end: levels.at(-1).end, depth: 1, steps: [], levels, most }] : [];
}

// Whether a part of a layer ended no later than is known: where its engine says so behind the fact, or not at all.
function ends_late(record, { name, detail }) {
	const layers = record.fetched?.layers.filter((layer) => !layer.there) ?? [];
	const at = layers.findIndex(({ id }) => id === detail);
	const before = layers[at - 1];
	const rows = {
		"wait for a slot": (layer) => layer.proof.first === "bound",
		download: (layer) => layer.fetched_is_bound,
		"wait for the layer before": () => before?.proof.unpacked === "bound",
		unpack: (layer) => layer.proof.unpacked === "bound",
		layer: (layer) => layer.proof.unpacked === "bound",
	};
	return at >= 0 && Boolean(rows[name]?.(layers[at]));
}

const begins_late = (record, step, index) => step.parent !== null && record.steps[index - 1].parent === step.parent && ends_late(record, record.steps[index - 1]);

// So is a phase that begins or ends with such a part.
const is_bound = (record, ns) => record.steps.some((step) => step.parent !== null && step.end_ns === ns && ends_late(record, step));

// Phases in order, each followed by the steps that lie in it.
export function rows_of(record) {
	const rows = record.segments.map((segment) => ({
		phase: segment.phase,
		name: segment.phase,
		begin: segment.begin_ns - record.begin_ns,
		end: segment.end_ns - record.begin_ns,
		depth: 0,
		steps: [],
		...(record.fetched && { late: [is_bound(record, segment.begin_ns), is_bound(record, segment.end_ns)] }),
	}));
	const loose = [];
	for (const [index, step] of record.steps.entries()) {
		const begin = step.begin_ns - record.begin_ns;
		// What is a part of a pod's or a project's container, or of an image's layer, is drawn with it.
		const whole = of_members(record) ? root_of(record.steps, step) : step;
		const home = rows.filter((row) => row.phase === whole.phase);
		const row = home.findLast?.((candidate) => candidate.begin <= whole.begin_ns - record.begin_ns) ?? home[0];
		(row ? row.steps : loose).push({
			step,
			index,
			phase: step.phase,
			name: of_members(record) && whole === step && step.detail ? `${step.name} ${step.detail}` : step.name,
			begin,
			end: step.open ? record.end_ns - record.begin_ns : step.end_ns - record.begin_ns,
			depth: step.depth + 1,
			...(record.fetched && { late: [begins_late(record, step, index), ends_late(record, step)] }),
		});
	}
	return [...path_rows(record), ...rows.flatMap((row) => [row, ...at_once_rows(record, row.phase), ...with_parents(row.steps, record.steps)]), ...with_parents(loose, record.steps)];
}

// What is on the critical path, or in a step, in words: the longest first.
const reasons = (why) =>
	Object.entries(why ?? {})
		.sort(([, a], [, b]) => b - a)
		.slice(0, 4)
		.map(([reason, ns]) => `${reason.replace("_", " ")} ${duration(ns)}`)
		.join(", ");

function why_of(record, row) {
	if (row.step)
		return row.step.why;
	if (!record.path || row.pieces)
		return record.why;
	const why = {};
	for (const cause of record.causes)
		if (cause.phase === row.phase)
			why[cause.reason] = (why[cause.reason] ?? 0) + cause.ns;
	return why;
}

const causes_shown = 24;

// The critical path, ranked; null where waits were not traced.
export function why_table(record) {
	if (!record.path)
		return null;
	const causes = record.causes;
	const rest = causes.slice(causes_shown).reduce((sum, cause) => sum + cause.ns, 0);
	const share = (ns) => `${((100 * ns) / Math.max(1, record.total_ns)).toFixed(1)} %`;
	const unexplained = record.why.unexplained ?? 0;
	const rows = () => [["phase", "reason", "which", "program", "step", "ns"], ...causes.map((cause) => [cause.phase, cause.reason, cause.what, cause.actor, cause.step, cause.ns])];
	return h(
		"details",
		{ class: "numbers why" },
		h("summary", {}, "Why: the critical path, ranked"),
		download(`coldtrace-why-${record.name || record.id.slice(0, 12)}`, rows),
		h(
			"div",
			{ class: "scroll" },
			h(
				"table",
				{},
				h("thead", {}, h("tr", {}, ["Takes", "Share", "Phase", "Reason", "Which", "Program", "Step"].map((name) => h("th", { scope: "col" }, name)))),
				h(
					"tbody",
					{},
					causes.slice(0, causes_shown).map((cause) =>
						h(
							"tr",
							{},
							h("td", { class: "number" }, duration(cause.ns)),
							h("td", { class: "number" }, share(cause.ns)),
							h("td", {}, cause.phase),
							h("td", {}, cause.reason.replace("_", " ")),
							h("td", { class: "detail" }, cause.what),
							h("td", {}, cause.actor),
							h("td", {}, cause.step),
						),
					),
				),
			),
		),
		h("p", { class: "hint" }, `${rest ? `${duration(rest)} in ${count(causes.length - causes_shown)} others. ` : ""}Unexplained: ${duration(unexplained)} (${share(unexplained)}).`),
	);
}

// Which colour stands for what, of those that the record has.
export const reasons_key = (record) =>
	Object.entries(record.why ?? {})
		.filter(([, ns]) => ns > record.total_ns / 200)
		.sort(([, a], [, b]) => b - a)
		.map(([reason]) => h("span", { class: "key" }, h("i", { style: { background: `var(--reason-${reason})` } }), reason.replaceAll("_", " ")));

// What a duration is where its begin, its end or both were no later than what is known.
const about = ([begin, end] = []) => (begin && end ? "≈ " : begin ? "≥ " : end ? "≤ " : "");
const began = (row) => `${row.late?.[0] ? "≤ " : ""}+${duration(row.begin)}`;
const took = (row) => (row.levels ? `${count(row.most)} at most` : row.step?.open ? "end not seen" : `${about(row.late)}${duration(row.end - row.begin)}`);
const who = (row) => (row.step && !own_key(row.step) ? `${row.step.actor} ${row.step.pid}` : "");
const calls = (row) => (row.step?.count > 1 ? ` × ${count(row.step.count)}` : "");

// A layer is one lane, and what became of it are its parts.
function in_lanes(rows) {
	const lanes = new Map(rows.filter((row) => row.step && !row.again).map((row) => [row.index, row]));
	return rows.filter((row) => {
		const lane = row.step && own_key(row.step) && lanes.get(row.step.parent);
		if (lane)
			(lane.parts ??= []).push(row);
		return !lane;
	});
}

const row_tip = (record, row) =>
	tip(row.name, [
		[row.levels ? "layers" : "takes", took(row)],
		["begins", began(row)],
		["phase", row.phase],
		row.step && ["by", who(row)],
		row.step && row.step.count > 1 && ["calls", count(row.step.count)],
		row.step?.detail && ["detail", row.step.detail],
		...(row.parts ?? []).map((part) => [part.name, took(part)]),
		reasons(why_of(record, row)) && ["why", reasons(why_of(record, row))],
	]);

const slider = () => ({
	type: "slider",
	borderColor: "transparent",
	backgroundColor: colour("stripe"),
	fillerColor: colour("filler"),
	handleStyle: { color: colour("surface"), borderColor: colour("accent") },
	moveHandleStyle: { color: colour("line"), opacity: 1 },
	emphasis: { handleStyle: { borderColor: colour("accent") }, moveHandleStyle: { color: colour("accent") } },
	textStyle: { color: colour("muted"), fontSize: 11 },
	showDataShadow: false,
	brushSelect: false,
});

const plus = (ns) => `+${tick(ns)}`;

// Along the time; where there are more rows than are shown, also along these.
const zoom_parts = (shown, many) => [
	{ type: "inside", xAxisIndex: 0, filterMode: "none", zoomOnMouseWheel: "ctrl", moveOnMouseMove: true, moveOnMouseWheel: "shift" },
	{ ...slider(), xAxisIndex: 0, filterMode: "none", bottom: 10, height: 22, labelFormatter: (v) => plus(Math.max(0, Math.round(v))) },
	...(many
		? [
				{ type: "inside", yAxisIndex: 0, startValue: 0, endValue: shown - 1, zoomOnMouseWheel: false, moveOnMouseMove: false, moveOnMouseWheel: true, zoomLock: true },
				{ ...slider(), yAxisIndex: 0, startValue: 0, endValue: shown - 1, right: 8, width: 16, zoomLock: true, showDetail: false },
			]
		: []),
];

const row_axis = (rows, left) => ({
	...category_axis(rows.map((row) => `${"\u2002".repeat(2 * row.depth)}${row.name}`)),
	axisLabel: {
		interval: 0,
		align: "left",
		margin: left - 4,
		width: left - 14,
		overflow: "truncate",
		color: (label, index) => colour(rows[index]?.again ? "muted" : rows[index]?.step ? "text" : "strong"),
	},
});

// data: [row, begin, end] of each; item(i, params, api) draws it.
const bars_of = (data, item) => ({
	type: "custom",
	clip: true,
	encode: { x: [1, 2], y: 0 },
	data,
	renderItem: (params, api) => item(params.dataIndex, params, api),
});

export function waterfall(box, record) {
	const rows = in_lanes(rows_of(record));
	const pieces = rows[0]?.pieces ?? [];
	const left = box.clientWidth < 700 ? 168 : 268;
	const many = rows.length > rows_shown;
	const shown = Math.min(rows.length, rows_shown);
	const chart = draw(box, shown * row_height + 96, {
		...base(),
		grid: { left, right: many ? 40 : 20, top: 26, bottom: 66 },
		tooltip: tooltip(({ dataIndex }) => row_tip(record, rows[dataIndex])),
		xAxis: {
			...value_axis(),
			position: "top",
			min: 0,
			max: Math.max(1, record.total_ns),
			axisLabel: { ...value_axis().axisLabel, formatter: plus, margin: 6, showMaxLabel: false },
		},
		yAxis: row_axis(rows, left),
		dataZoom: zoom_parts(shown, many),
		series: [
			bars_of(
				rows.map((row, i) => [i, row.begin, row.end]),
				(i, params, api) => (rows[i].pieces ? null : bar(rows[i], params, api)),
			),
			{
				...bars_of(
					pieces.map((piece) => [0, piece.begin, piece.end]),
					(i, params, api) => piece_bar(pieces[i], params, api),
				),
				tooltip: tooltip(({ dataIndex }) => piece_tip(pieces[dataIndex])),
			},
		],
	});
	return { chart, rows, many };
}

const piece_tip = (piece) =>
	tip(piece.reason.replaceAll("_", " "), [
		["takes", duration(piece.end - piece.begin)],
		["begins", `+${duration(piece.begin)}`],
		["phase", piece.phase],
		piece.what && ["which", piece.what],
		piece.actor && ["program", `${piece.actor} ${piece.pid}`],
		piece.step && ["step", piece.step],
		piece.pieces && [`${count(piece.pieces)} pieces`, reasons(piece.why)],
	]);

// ECharts draws with what it has drawn before in that place: a bar that a label was would be where that was.
const at_origin = { x: 0, y: 0 };

function piece_bar(piece, params, api) {
	const { x, y, width, height } = params.coordSys;
	const [x1, middle] = api.coord([api.value(1), 0]);
	const [x2] = api.coord([api.value(2), 0]);
	const shape = clipRectByRect({ x: x1, y: middle - 8, width: Math.max(1, x2 - x1), height: 16 }, { x, y, width, height });
	return shape && { ...at_origin, type: "rect", shape, style: { fill: reason_colour(piece.reason) } };
}

// Columns that stand on the row's lower edge, as high as there are layers.
function steps_up(row, middle, { x, y, width, height }, api) {
	return row.levels.flatMap(({ begin, end, n }) => {
		const [from, until] = [begin, end].map((ns) => api.coord([ns, api.value(0)])[0]);
		const high = (14 * n) / row.most;
		const shape = clipRectByRect({ x: from, y: middle + 8 - high, width: until - from, height: high }, { x, y, width, height });
		return shape && n ? [{ ...at_origin, type: "rect", shape, z2: 2, style: { fill: colour("step-download"), opacity: 0.55 }, silent: true }] : [];
	});
}

function bar(row, params, api) {
	const { x, y, width, height } = params.coordSys;
	const [x1, middle] = api.coord([api.value(1), api.value(0)]);
	const [x2] = api.coord([api.value(2), api.value(0)]);
	const thick = row.parts ? 2 : row.step ? 12 : 16;
	const open = row.step?.open || row.phase === "unknown";
	const fill = row.step ? step_colour(row.step) : phase_colour(row.phase);
	const shape = clipRectByRect(
		{ x: x1, y: middle - thick / 2, width: Math.max(2, x2 - x1), height: thick },
		{ x, y, width, height },
	);
	const stripe = { ...at_origin, type: "rect", shape: { x, y: middle - row_height / 2, width, height: row_height }, style: { fill: colour("stripe") }, z2: -1, silent: true };
	const behind = params.dataIndex % 2 ? [stripe] : [];
	if (!shape || row.again)
		return { type: "group", children: behind };
	const text = `${took(row)}${row.step ? `  ${who(row)}${calls(row)}` : ""}`.trimEnd();
	const end = shape.x + shape.width;
	const room = x + width - end;
	const wide = (what) => what.length * 6.4 + 14;
	const after = room > wide(text);
	const inside = !after && !row.parts && shape.width > wide(text);
	const before = shape.x - x > wide(text) ? text : shape.x - x > wide(took(row)) ? took(row) : "";
	const label = after || inside ? text : before;
	const children = row.levels ? [...behind, ...steps_up(row, middle, params.coordSys, api)] : [
		...behind,
		{
			...at_origin,
			type: "rect",
			shape: { ...shape, r: 2 },
			z2: 1,
			style: open ? { fill, opacity: 0.35, stroke: colour("bad"), lineWidth: 1.25, lineDash: [4, 3] } : { fill, opacity: row.step ? 0.9 : 1 },
		},
	];
	for (const part of row.parts ?? []) {
		const from = api.coord([part.begin, api.value(0)])[0];
		const until = api.coord([part.end, api.value(0)])[0];
		const inner = clipRectByRect({ x: from, y: middle - 6, width: Math.max(1, until - from), height: 12 }, { x, y, width, height });
		if (inner)
			children.push({ ...at_origin, type: "rect", shape: inner, z2: 2, style: { fill: step_colour(part.step), opacity: part.step.open ? 0.35 : 1 } });
	}
	if (label)
		children.push({
			type: "text",
			z2: 3,
			x: after ? end + 6 : inside ? shape.x + 6 : shape.x - 6,
			y: middle + 1,
			style: {
				verticalAlign: "middle",
				text: label,
				align: after || inside ? "left" : "right",
				fill: open ? colour("bad") : inside ? ink_on(fill) : colour("muted"),
				fontSize: 11.5,
			},
			silent: true,
		});
	return { type: "group", children };
}

// The parts of an axis that is zoomed, moved by a share of what is seen.
export function zoom(chart, index, change) {
	const { start, end } = chart.getOption().dataZoom[index];
	const [from, to] = change(start, end);
	const width = Math.min(100, Math.max(0.01, to - from));
	const begin = Math.min(100 - width, Math.max(0, from));
	chart.dispatchAction({ type: "dataZoom", dataZoomIndex: index, start: begin, end: begin + width });
}

export const zooms = {
	in: (start, end) => [start + (end - start) / 4, end - (end - start) / 4],
	out: (start, end) => [start - (end - start) / 2, end + (end - start) / 2],
	left: (start, end) => [start - (end - start) / 5, end - (end - start) / 5],
	right: (start, end) => [start + (end - start) / 5, end + (end - start) / 5],
	all: () => [0, 100],
};

// The same in words, made when it is opened.
export function as_table(record) {
	const box = h("details", { class: "numbers" }, h("summary", {}, "The same as a table"));
	box.addEventListener(
		"toggle",
		() => {
			const rows = rows_of(record);
			box.append(
				h(
					"div",
					{ class: "scroll" },
					h(
						"table",
						{},
						h("thead", {}, h("tr", {}, ["What", "Begins", "Takes", "By", "Calls", "Detail"].map((name) => h("th", { scope: "col" }, name)))),
						h(
							"tbody",
							{},
							rows.slice(0, table_rows).map((row) =>
								h(
									"tr",
									{ class: row.step ? null : "phase" },
									h("td", { style: { "padding-inline-start": `${0.6 + row.depth}rem` } }, row.name),
									row.again
										? h("td", { colspan: "5" })
										: [
												h("td", { class: "number" }, began(row)),
												h("td", { class: row.step?.open ? "number bad" : "number" }, took(row)),
												h("td", {}, who(row)),
												h("td", { class: "number" }, row.step ? count(row.step.count) : ""),
												h("td", { class: "detail" }, row.step?.detail ?? ""),
											],
								),
							),
						),
					),
				),
				rows.length > table_rows ? h("p", { class: "hint" }, `${count(rows.length - table_rows)} more rows are in the chart.`) : "",
			);
		},
		{ once: true },
	);
	return box;
}
