// SPDX-License-Identifier: GPL-2.0-only OR MIT
// One record: what is known of it, its waterfall, and what its container opened.
import { canvas } from "./chart.js";
import { whose } from "./data.js";
import { fill, h, segmented } from "./dom.js";
import { facts } from "./facts.js";
import { duration, plural } from "./format.js";
import { panel } from "./frame.js";
import { opens_blocks } from "./opens.js";
import { own_key } from "./palette.js";
import { as_table, reasons_key, waterfall, why_table, zoom, zooms } from "./waterfall.js";

const family_max = 12;

// Columns: what is on a button, what it does, in words and as a change of what is seen.
const buttons = [
	["−", "Zoom out", "out"],
	["+", "Zoom in", "in"],
	["←", "Earlier", "left"],
	["→", "Later", "right"],
	["all", "Show all", "all"],
];
const keys = { ArrowLeft: "left", ArrowRight: "right", "+": "in", "=": "in", "-": "out", 0: "all" };

const is_of = (one, record) => one.id === record.id && Boolean(record.id) && whose(one) === whose(record);

const is_while = ({ exec_ns }, record) => exec_ns === null || (exec_ns >= record.begin_ns && exec_ns <= record.end_ns);

const in_words = (record) =>
	`Waterfall of the ${record.kind} of ${record.name || record.id}: ${plural(record.segments.length, "phase segment")}, ${plural(record.steps.length, "step")}, ${record.path ? `critical path of ${plural(record.path.length, "piece")}, ` : ""}${duration(record.total_ns)}. Arrow keys move, plus and minus zoom, 0 shows all.`;

// Which colour stands for whom, or for what where steps have colours of their own.
function steps_key({ steps }) {
	const actors = [...new Set(steps.map((step) => !own_key(step) && step.actor).filter(Boolean))];
	const own = new Map(steps.filter((step) => step.parent !== null).map((step) => [own_key(step), step.name]));
	own.delete(false);
	const all = [...actors.map((actor) => [`actor-${actor}`, actor]), ...own];
	if (!all.length)
		return h("span", {}, "No steps: record with --steps to see what happens inside the phases.");
	return [h("span", {}, actors.length ? "Steps by" : "Steps"), all.map(([key, name]) => h("span", { class: "key" }, h("i", { style: { background: `var(--${key}, var(--muted))` } }), name))];
}

export class Detail {
	// nodes: whether records are of several; time: an instant for people; choose(record) when somebody asks for another.
	constructor(data, { nodes, time, choose }) {
		Object.assign(this, { data, nodes, time, choose, current: null });
		this.box = canvas("");
		this.box.tabIndex = 0;
		this.box.setAttribute("role", "group");
		this.box.setAttribute("aria-keyshortcuts", "ArrowLeft ArrowRight + - 0");
		this.box.addEventListener("keydown", (event) => this.on_key(event));
		this.places = Object.fromEntries(["pick", "detail", "actors", "opened"].map((name) => [name, h("div", { class: name })]));
		this.as_table = h("div", { id: "as-table" });
		this.panel = this.make_panel();
	}

	make_panel() {
		const { box, places } = this;
		const tools = buttons.map(([text, label, change]) => h("button", { type: "button", "aria-label": label, title: label, onclick: () => this.zoom(change) }, text));
		return panel(
			"waterfall",
			"Waterfall",
			h("div", { class: "tools buttons" }, tools),
			places.pick,
			places.detail,
			places.actors,
			box,
			h("p", { class: "hint" }, "Choose a record in the table below. Drag to move, Ctrl and wheel to zoom, or use the keys ← → + − 0."),
			this.as_table,
			places.opened,
		);
	}

	zoom(change) {
		if (this.current)
			zoom(this.current.chart, 0, zooms[change]);
	}

	on_key(event) {
		const change = keys[event.key];
		if (!this.current || !change || event.ctrlKey || event.metaKey)
			return;
		event.preventDefault();
		this.zoom(change);
	}

	show(record) {
		const { box, places } = this;
		this.panel.classList.toggle("nothing", !record);
		if (!record)
			return;
		fill(places.pick, h("h3", {}, (record.name || record.id.slice(0, 12) || "container") + whose(record)), this.family(record));
		const known = facts(record, this.nodes).map(([term, value, bad]) => h("div", {}, h("dt", {}, term), h("dd", { class: bad ? "bad" : null }, value)));
		fill(places.detail, h("dl", {}, known), record.failed?.message ? h("p", { class: "bad message" }, record.failed.message) : "");
		box.setAttribute("aria-label", in_words(record));
		this.current = { ...waterfall(box, record), record };
		const opened = (this.data.opens ?? []).filter((one) => is_of(one, record) && is_while(one, record));
		fill(places.opened, opened.length ? [h("h3", {}, "Files that it opened"), opens_blocks(opened)] : "");
		fill(places.actors, reasons_key(record), steps_key(record));
		fill(this.as_table, why_table(record), as_table(record));
	}

	// The records of its container, to choose from.
	family(record) {
		const { records } = this.data;
		const family = records.filter((other) => is_of(other, record));
		if (family.length < 2 || family.length > family_max)
			return null;
		const options = family.map((other) => [String(other.index), other.kind, this.time(other.begin_time).slice(0, -4)]);
		return segmented("Records of this container", options, String(record.index), (key) => this.choose(records[Number(key)]));
	}
}
