// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What records are chosen by: their type, group, runtime, outcome, and a text.
import { groupings, kinds_in } from "./data.js";
import { fill, h, segmented, select } from "./dom.js";
import { count } from "./format.js";

const pause = 120; // ms, of who types

// What there is to group by: what all records share is of no use.
export const groupings_of = (records) => Object.entries(groupings).filter(([, [, by, several]]) => !several || new Set(records.map(by)).size > 1);

const names_of = (records, key) => [...new Set(records.map((record) => record[key]))].filter(Boolean).sort();
const with_all = (names) => ["all", ...names].map((name) => [name, name]);

export class Filters {
	// offered: rows of groupings_of(); changed() when somebody has chosen.
	constructor(choice, offered, changed) {
		Object.assign(this, { choice, offered, changed });
		let waiting;
		this.search = h("input", {
			type: "search",
			value: choice.text,
			placeholder: "name, image or id",
			oninput: (event) => {
				clearTimeout(waiting);
				waiting = setTimeout(() => this.set("text")(event.target.value), pause);
			},
		});
		this.container = h("label", { class: "field grow" }, h("span", {}, "Container"), this.search);
		this.element = h("nav", { class: "filters", "aria-label": "Filters" });
		this.draw();
	}

	set(key) {
		return (value) => {
			this.choice[key] = value;
			this.changed();
		};
	}

	draw() {
		const { choice } = this;
		const { records } = choice;
		const kinds = kinds_in(records, choice.words).map((name) => [name, name, count(records.filter((record) => record.kind === name).length)]);
		fill(
			this.element,
			segmented("Type of record", [...kinds, ["all", "all", count(records.length)]], choice.type, this.set("type")),
			select("Group by", this.offered.map(([key, [text]]) => [key, text]), choice.by, this.set("by")),
			select("Runtime", with_all(names_of(records, "runtime")), choice.runtime, this.set("runtime")),
			select("Outcome", with_all(names_of(records, "outcome")), choice.outcome, this.set("outcome")),
			this.container,
		);
	}

	// Of other records than before. Who is choosing is not disturbed.
	redraw() {
		const typing = document.activeElement === this.search;
		if (this.element.contains(document.activeElement) && !typing)
			return;
		this.draw();
		if (typing)
			this.search.focus();
	}

	// As a link says.
	follow() {
		this.search.value = this.choice.text;
		this.draw();
	}
}
