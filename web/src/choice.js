// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What is looked at: which records, in which groups, on which scales. The address says who looks at what.
import { group, groupings, kinds_in } from "./data.js";
import { read_link, write_link } from "./link.js";

const matches = (record, needle) => record.name.toLowerCase().includes(needle) || record.image.toLowerCase().includes(needle) || record.id.startsWith(needle);

// Of a record who it is and when it began, which stays the same in a live page.
const name_of = (record) => (record ? `${record.kind}@${record.id}@${record.begin_ns}` : null);

const by_name = (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

// The groups with the most records, in the order they had.
export function most(groups, max) {
	if (groups.length <= max)
		return groups;
	const chosen = new Set([...groups].sort((a, b) => b.total.n - a.total.n).slice(0, max));
	return groups.filter((g) => chosen.has(g));
}

export class Choice {
	// What is in a link, with what it is if nothing is said, are the keys of `linked`.
	constructor({ records, words }) {
		this.records = records;
		this.words = words;
		this.kinds = words.records.map(([name]) => name);
		this.phases = words.phases.map(([name]) => name);
		this.linked = { type: kinds_in(records, words)[0] ?? "all", by: "runtime", runtime: "all", outcome: "all", text: "", record: null };
		Object.assign(this, this.linked, { shares: "share", medians: "log", cdf: "linear", phase: "total" });
		this.chosen = false; // by somebody, not as the slowest
		this.follow_link();
	}

	follow_link() {
		const { record, ...said } = read_link(this.linked);
		Object.assign(this, { ...this.linked, record: this.record }, said);
		if (!(this.by in groupings))
			this.by = this.linked.by;
		const found = this.records.find((one) => name_of(one) === record);
		if (found) {
			this.record = found;
			this.chosen = true;
		}
	}

	keep_link() {
		const said = Object.fromEntries(Object.keys(this.linked).map((key) => [key, this[key]]));
		write_link(this.linked, { ...said, record: this.chosen ? name_of(this.record) : null });
	}

	filtered() {
		const needle = this.text.trim().toLowerCase();
		return this.records.filter(
			(record) =>
				(this.type === "all" || record.kind === this.type) &&
				(this.runtime === "all" || record.runtime === this.runtime) &&
				(this.outcome === "all" || record.outcome === this.outcome) &&
				(!needle || matches(record, needle)),
		);
	}

	// All groups in the order of the terminal: type, then name.
	groups_of(shown) {
		const [, by] = groupings[this.by];
		return group(shown, by, this.phases, this.words.hist_precision).sort((a, b) => this.kinds.indexOf(a.type) - this.kinds.indexOf(b.type) || by_name(a, b));
	}

	title_of(g) {
		return this.type === "all" ? `${g.name}, ${g.type}` : g.name;
	}

	phases_in(groups) {
		return this.phases.filter((name) => groups.some((g) => g.phases[name] || g.unknown[name]));
	}
}
