// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The groups beside each other: cards, the three charts with what explains their colours, and their numbers.
import { canvas } from "./chart.js";
import { cdf, medians, shares } from "./charts.js";
import { most } from "./choice.js";
import { download } from "./csv.js";
import { fill, h, segmented, select } from "./dom.js";
import { count } from "./format.js";
import { cards, number_rows, tables } from "./numbers.js";
import { panel } from "./frame.js";
import { series_colour, series_max } from "./palette.js";

const bars_max = 40;
const cards_max = 6;
const scale = [["linear", "linear"], ["log", "log"]];

export class Overview {
	constructor(choice) {
		this.choice = choice;
		this.groups = [];
		this.docs = new Map(choice.words.phases);
		this.boxes = {
			shares: canvas("Stacked bars: which share of the time each phase takes, per group. The numbers are in the table under Numbers."),
			medians: canvas("Dots and lines: median, minimum and maximum of each phase, per group. The numbers are in the table under Numbers."),
			cdf: canvas("Cumulative distribution, one line per group: the share of records that took no longer than a given time."),
		};
		this.places = Object.fromEntries(["cards", "phases", "legend", "legend2", "numbers", "more"].map((name) => [name, h("div", { class: name })]));
		this.phase_of_cdf = h("div", { id: "cdf-phase" });
	}

	show(groups) {
		this.groups = groups;
		fill(this.places.cards, cards(most(groups, cards_max), this.choice.phases));
		this.draw();
	}

	draw() {
		const { choice, places } = this;
		const measured = this.groups.filter((g) => g.total.n);
		const bars = most(measured, bars_max);
		const lines = most(measured, series_max);
		const phases = choice.phases_in(measured).filter((name) => measured.some((g) => g.phases[name]));
		document.body.classList.toggle("nothing", !measured.length);
		fill(places.phases, phases.map((name) => h("span", { class: "key", title: this.docs.get(name) ?? null }, h("i", { style: { background: `var(--phase-${name})` } }), name)));
		fill(places.more, measured.length > lines.length ? `The ${lines.length} groups with the most records of ${measured.length}; in the stacked bars ${bars.length}. Filter to see others.` : "");
		this.legend(places.legend, lines);
		this.legend(places.legend2, lines);
		if (!phases.includes(choice.phase))
			choice.phase = "total";
		fill(this.phase_of_cdf, select("of", ["total", ...phases].map((name) => [name, name]), choice.phase, this.restyle("phase")));
		if (measured.length)
			this.draw_charts(bars, lines, phases);
		fill(places.numbers, tables(most(this.groups, series_max), (g) => choice.phases_in([g])));
	}

	draw_charts(bars, lines, phases) {
		const { boxes, choice } = this;
		const titles = (list) => list.map((g) => choice.title_of(g));
		shares(boxes.shares, bars, phases, titles(bars), choice.shares);
		medians(boxes.medians, lines, phases, titles(lines), choice.medians);
		cdf(boxes.cdf, lines, titles(lines), choice.phase, choice.cdf);
	}

	legend(place, list) {
		fill(
			place,
			list.map((g, i) => h("span", { class: "key" }, h("i", { style: { background: series_colour(i) } }), this.choice.title_of(g), h("small", {}, `n = ${count(g.total.n)}`))),
		);
	}

	restyle(key) {
		return (value) => {
			this.choice[key] = value;
			this.draw();
		};
	}

	panels() {
		const { boxes, choice, places } = this;
		const axis = (key) => segmented("Axis", scale, choice[key], this.restyle(key));
		const rows = () => number_rows(this.groups, (g) => choice.phases_in([g]));
		return [
			places.cards,
			places.more,
			panel("shares", "Where the time goes", segmented("Scale of the bars", [["share", "share"], ["time", "mean time"]], choice.shares, this.restyle("shares")), places.phases, boxes.shares),
			h(
				"div",
				{ class: "pair" },
				panel("medians", "Median, minimum to maximum", axis("medians"), places.legend, boxes.medians),
				panel("cdf", "How many are done by when", h("div", { class: "tools" }, this.phase_of_cdf, axis("cdf")), places.legend2, boxes.cdf, h("p", { class: "hint" }, "Ctrl and wheel zoom.")),
			),
			panel("numbers", "Numbers", download("coldtrace-numbers", rows), places.numbers, h("p", { class: "hint" }, "Of records with outcome ok. Minimum, maximum and n are exact; quantiles are by nearest rank, off by at most 1/", String(choice.words.hist_precision), ".")),
		];
	}
}
