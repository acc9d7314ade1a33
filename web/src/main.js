// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The page: what follows what. Each part draws itself, and says to the page what somebody has chosen in it.
import { Choice } from "./choice.js";
import { download } from "./csv.js";
import { load } from "./data.js";
import { Detail } from "./detail.js";
import { h } from "./dom.js";
import { Filters, groupings_of } from "./filters.js";
import { clock, date } from "./format.js";
import { foot, Head, panel } from "./frame.js";
import { follow } from "./live.js";
import { opens_blocks } from "./opens.js";
import { Overview } from "./overview.js";
import { dark } from "./palette.js";
import { RecordTable } from "./table.js";
import { join_restarts, why_panel } from "./why.js";

const slowest = (records) => records.reduce((most, record) => (!most || record.total_ns > most.total_ns ? record : most), null);

// An instant for people, with its date where records are of several days.
const time_of = (records) => (new Set(records.map((record) => date(record.begin_time))).size > 1 ? (text) => `${date(text)} ${clock(text)}` : clock);

const why_hint = "Of all records with outcome ok, whatever the filters above: medians over the records of a group, and each cause's share of the time of all.";

class Page {
	constructor(data) {
		const offered = groupings_of(data.records);
		const time = time_of(data.records);
		const nodes = offered.some(([key]) => key === "node");
		this.data = data;
		this.choice = new Choice(data);
		this.head = new Head(data);
		this.filters = new Filters(this.choice, offered, () => this.refresh());
		this.overview = new Overview(this.choice);
		this.detail = new Detail(data, { nodes, time, choose: (record) => this.choose(record) });
		this.table = new RecordTable((record) => {
			this.choose(record);
			this.scroll_to_detail({ behavior: "smooth" });
		}, time);
	}

	elements() {
		const { data, filters, head, overview, table } = this;
		const why = why_panel(data.summary);
		return [
			head.head,
			head.honest,
			filters.element,
			h(
				"main",
				{},
				overview.panels(),
				this.detail.panel,
				why && panel("why", "Why: what they waited for", why.tools, why.content, h("p", { class: "hint" }, why_hint)),
				data.opens?.length ? panel("opens", "Opened files", null, opens_blocks(data.opens)) : null,
				panel("records", "Records", download("coldtrace-records", () => table.rows()), table.element),
			),
			foot(data),
		];
	}

	// stay: on the page of the table that is shown.
	refresh(stay) {
		const { choice, overview, table } = this;
		const shown = choice.filtered();
		const groups = choice.groups_of(shown);
		overview.show(groups);
		table.show(shown, this.data.records.length, choice.type === "all" ? [] : choice.phases_in(groups), stay);
		if (!choice.record || !shown.includes(choice.record)) {
			choice.chosen = false;
			this.show(slowest(shown));
		} else if (this.detail.current?.record !== choice.record) {
			this.show(choice.record);
		} else {
			table.select(choice.record);
		}
		choice.keep_link();
	}

	show(record) {
		this.choice.record = record;
		this.table.select(record);
		this.detail.show(record);
	}

	choose(record) {
		this.choice.chosen = true;
		this.show(record);
		this.choice.keep_link();
	}

	scroll_to_detail(how) {
		this.detail.panel.scrollIntoView({ ...how, block: "start" });
	}

	follow_link() {
		this.choice.follow_link();
		this.filters.follow();
		this.refresh();
	}

	// In other colours, or in another size.
	redraw() {
		this.overview.draw();
		this.show(this.choice.record);
	}

	// What has come is put behind the rest; what is too much is forgotten from the front.
	append(came) {
		const { records, words } = this.data;
		records.push(...came);
		join_restarts(came.some((record) => record.kind === "restart") ? records : []);
		records.splice(0, Math.max(0, records.length - words.live.most));
		records.forEach((record, index) => {
			record.index = index;
		});
	}

	take(came, summary) {
		if (summary)
			this.data.summary = summary;
		this.append(came);
		this.head.draw();
		if (!came.length)
			return;
		this.filters.redraw();
		this.refresh(true);
	}

	listen() {
		let settling;
		window.addEventListener("hashchange", () => this.follow_link());
		dark.addEventListener("change", () => this.redraw());
		for (const box of [...Object.values(this.overview.boxes), this.detail.box])
			box.addEventListener("redraw", () => {
				cancelAnimationFrame(settling);
				settling = requestAnimationFrame(() => this.redraw());
			});
		if (this.data.words.live)
			follow(this.data.words.live, (text) => this.head.say(text), (came, summary) => this.take(came, summary));
	}
}

function start(data) {
	const page = new Page(data);
	document.getElementById("app").replaceChildren(...page.elements());
	page.refresh();
	if (page.choice.chosen)
		page.scroll_to_detail();
	page.listen();
}

try {
	start(load());
} catch (error) {
	document.getElementById("app").replaceChildren(h("p", { class: "bad wait", role: "alert" }, `This page cannot be drawn: ${error.message}`));
	console.error(error);
}
