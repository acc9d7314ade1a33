// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The records, sorted and page by page: thousands of them cost no more than one page.
import { whose } from "./data.js";
import { fill, h } from "./dom.js";
import { count, date, duration, plural } from "./format.js";

const page_size = 50;

const text_column = (key, title, value, cell) => ({ key, title, value, cell: cell ?? ((record) => value(record) || h("span", { class: "quiet" }, "–")) });

function outcome(record) {
	if (record.outcome === "ok")
		return h("span", { class: "ok" }, "ok");
	const where = record.failed ? ` in ${record.failed.phase}` : "";
	return h("span", { class: "bad", title: record.failed?.message || null }, `${record.outcome}${where}`);
}

function phase_cell(record, phase) {
	const ns = record.phases[phase];
	if (ns === null)
		return h("span", { class: "bad", title: "a mark was not seen" }, "unknown");
	return ns === undefined ? h("span", { class: "quiet" }, "–") : duration(ns);
}

// Where the time went, as a bar that is as long as the record is beside the longest.
function mini(record, longest) {
	const box = h("div", { class: "mini", "aria-hidden": "true" });
	for (const segment of record.segments) {
		const share = longest ? (segment.end_ns - segment.begin_ns) / longest : 0;
		if (share > 0.002)
			box.append(h("i", { style: { width: `${share * 100}%`, background: `var(--phase-${segment.phase})` } }));
	}
	return box;
}

function columns_of(phases, longest, time) {
	return [
		{ ...text_column("time", "Begin, UTC", (record) => record.begin_ns, (record) => h("span", { title: date(record.begin_time) }, time(record.begin_time))), number: true },
		text_column("type", "Type", (record) => record.kind),
		text_column("name", "Container", (record) => (record.name || record.id.slice(0, 12)) + whose(record)),
		text_column("runtime", "Runtime", (record) => record.runtime),
		text_column("image", "Image", (record) => record.image),
		text_column("outcome", "Outcome", (record) => record.outcome, outcome),
		{ ...text_column("total", "Total", (record) => record.total_ns, (record) => duration(record.total_ns)), number: true, strong: true },
		{ key: "mini", title: "Phases", cell: (record) => mini(record, longest) },
		...phases.map((phase) => ({
			...text_column(`phase:${phase}`, phase, (record) => record.phases[phase] ?? -1, (record) => phase_cell(record, phase)),
			number: true,
		})),
	];
}

const collator = new Intl.Collator("en", { numeric: true });

function sorted(records, column, descending) {
	const keys = records.map(column.value);
	const order = records.map((_, i) => i);
	const compare = typeof keys[0] === "string" ? (a, b) => collator.compare(keys[a], keys[b]) : (a, b) => keys[a] - keys[b];
	order.sort((a, b) => (descending ? compare(b, a) : compare(a, b)) || a - b);
	return order.map((i) => records[i]);
}

export class RecordTable {
	// time: an RFC 3339 instant for people, with its date where records are of several days.
	constructor(choose, time) {
		this.choose = choose;
		this.time = time;
		this.sort = { key: "time", descending: false };
		this.page = 0;
		this.body = h("tbody", {});
		this.head = h("thead", {});
		this.status = h("p", { class: "status", role: "status" });
		this.pager = h("div", { class: "pager" });
		this.element = h("div", {}, h("div", { class: "scroll" }, h("table", { class: "records", "aria-label": "Records" }, this.head, this.body)), h("div", { class: "below" }, this.status, this.pager));
	}

	// stay: on the page that is shown, as far as there is one.
	show(records, all, phases, stay) {
		this.all = all;
		this.records = records;
		this.columns = columns_of(phases, records.reduce((most, record) => Math.max(most, record.total_ns), 0), this.time);
		if (!this.columns.some((column) => column.key === this.sort.key))
			this.sort = { key: "time", descending: false };
		this.page = stay ? Math.min(this.page, Math.max(0, Math.ceil(records.length / page_size) - 1)) : 0;
		this.arrange();
	}

	arrange() {
		const column = this.columns.find(({ key }) => key === this.sort.key);
		this.order = sorted(this.records, column, this.sort.descending);
		this.draw_head();
		this.draw();
	}

	draw_head() {
		fill(
			this.head,
			h(
				"tr",
				{},
				this.columns.map((column) => {
					const on = column.key === this.sort.key;
					if (!column.value)
						return h("th", { scope: "col" }, column.title);
					return h(
						"th",
						{ scope: "col", class: column.number ? "number" : null, "aria-sort": on ? (this.sort.descending ? "descending" : "ascending") : "none" },
						h(
							"button",
							{
								type: "button",
								"data-sort": column.key,
								onclick: () => {
									// numbers are asked for with the most first
									this.sort = { key: column.key, descending: on ? !this.sort.descending : Boolean(column.number) && column.key !== "time" };
									this.page = 0;
									this.arrange();
									this.head.querySelector(`[data-sort="${CSS.escape(column.key)}"]`)?.focus();
								},
							},
							column.title,
							h("span", { class: "arrow", "aria-hidden": "true" }, on ? (this.sort.descending ? "▼" : "▲") : ""),
						),
					);
				}),
			),
		);
	}

	draw() {
		const pages = Math.max(1, Math.ceil(this.order.length / page_size));
		const from = this.page * page_size;
		const rows = this.order.slice(from, from + page_size);
		fill(this.body, rows.map((record) => this.row(record)));
		if (!rows.length)
			fill(this.body, h("tr", {}, h("td", { colspan: String(this.columns.length), class: "empty" }, "No record matches. Change the filters above.")));
		const shown = rows.length ? `${count(from + 1)} to ${count(from + rows.length)} of ${plural(this.order.length, "record")}` : "0 records";
		fill(this.status, shown, this.order.length < this.all ? `, filtered from ${count(this.all)}` : "");
		const turn = (title, page, off) =>
			h("button", { type: "button", disabled: off, onclick: () => this.turn(page) }, title);
		fill(
			this.pager,
			turn("First", 0, this.page === 0),
			turn("Previous", this.page - 1, this.page === 0),
			h("span", {}, `page ${count(this.page + 1)} of ${count(pages)}`),
			turn("Next", this.page + 1, this.page >= pages - 1),
			turn("Last", pages - 1, this.page >= pages - 1),
		);
	}

	turn(page) {
		this.page = page;
		this.draw();
		this.pager.querySelector("button:not([disabled])")?.focus();
	}

	row(record) {
		const row = h("tr", { "data-index": String(record.index), "aria-selected": String(record === this.selected) });
		for (const column of this.columns) {
			const content = column.cell(record);
			const cell = column.key === "name" ? h("button", { type: "button", class: "link", title: record.id }, content) : content;
			row.append(h("td", { class: [column.number && "number", column.strong && "strong", `c-${column.key.replace(":", "-")}`].filter(Boolean).join(" ") }, cell));
		}
		row.addEventListener("click", () => {
			if (!String(getSelection()))
				this.choose(record);
		});
		return row;
	}

	// All that pass the filters, in the order that is shown, for a file.
	rows() {
		const phases = [...new Set(this.order.flatMap((record) => Object.keys(record.phases)))];
		return [
			["begin_time", "kind", "name", "id", "image", "runtime", "engine", "node", "outcome", "begin_ns", "total_ns", ...phases.map((phase) => `${phase}_ns`)],
			...this.order.map((record) => [
				record.begin_time, record.kind, record.name, record.id, record.image, record.runtime, record.engine, record.node, record.outcome, record.begin_ns, record.total_ns,
				...phases.map((phase) => record.phases[phase]),
			]),
		];
	}

	select(record) {
		this.selected = record;
		for (const row of this.body.children)
			row.setAttribute("aria-selected", String(row.dataset.index === String(record?.index)));
	}
}
