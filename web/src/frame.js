// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What stands around the records: the head of the page, what is missing, panels, and the foot.
import { loss_sentences } from "./data.js";
import { fill, h } from "./dom.js";
import { clock, count, date, duration, plural } from "./format.js";

export function panel(id, title, tools, ...content) {
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

export class Head {
	constructor(data) {
		this.data = data;
		this.liveness = data.words.live ? h("p", { class: "live", role: "status", id: "live" }, "connecting") : null;
		this.head = h("div", { class: "head" });
		this.honest = h("div", { class: "honest" });
		this.draw();
	}

	draw() {
		const { records, session, summary, words } = this.data;
		const seen = new Set(records.map((record) => record.id).filter(Boolean)).size; // pulls have none
		const containers = words.live ? seen : summary?.containers ?? seen;
		fill(this.head, h("header", { class: "masthead" }, h("div", {}, h("p", { class: "brand" }, "coldtrace"), h("h1", {}, [...(containers || !records.length ? [plural(containers, "container")] : []), plural(records.length, "record")].join(", ")), this.liveness), meta(session, summary)));
		fill(this.honest, honesty(this.data));
	}

	// Whether the server still tells what comes.
	say(text) {
		fill(this.liveness, text);
	}
}

export const foot = ({ session, words }) =>
	h("footer", {}, h("p", {}, `coldtrace ${session.version}. ${words.live ? "It shows what its server tells it" : "This page needs no network"}. Its data are JSON, schema ${session.schema}, in the element with the id “data”; charts by Apache ECharts, licences in the source of this page.`));
