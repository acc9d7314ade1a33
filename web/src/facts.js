// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What is known of one record besides its times: [term, value, whether it is bad].
import { clock, count, date, duration } from "./format.js";

const not_known = (value) => value || "not known";
const short = (id) => id.slice(0, 12);

const peer = ({ address, port, host, asked, failed, rtt_ns }, shared) =>
	`${count(asked)}${shared ? " of this and other pulls" : ""} to ${host && host !== address ? `${host} at ` : ""}${address.includes(":") ? `[${address}]` : address}:${port}${failed ? `, ${count(failed)} failed` : ""}${rtt_ns === null ? "" : `, RTT ${duration(rtt_ns)}`}`;

// Who asked, and what for: a container, or a pod, that waited for it.
function asker({ fetched: { client, client_pid, container }, pod }) {
	const wants = container === null ? (pod ? ` for pod ${pod.namespace}/${pod.name}` : "") : container ? ` for container ${container}` : " for a container";
	return client_pid ? [["asked by", `${client ? `${client} (pid ${client_pid})` : `pid ${client_pid}`}${wants}`]] : [];
}

// Whether more could have come by the line, and what more layers at once would have gained by that at most.
const lines = {
	same: "not known: as many were fetched at once all the time",
	others: "not known: its engine fetched something else meanwhile",
	neither: "not known: layers came neither as fast each nor as fast together",
	each: "not full: each layer came as fast, whether few or many were fetched at once",
	distance: "not full: most of the time was round trips",
	together: "full: no more came when more were fetched at once",
};

function wider({ line, gain_no_limit_ns: most, gain_no_limit_least_ns: least }, layers) {
	const waited = layers.some((layer) => layer.waited && !layer.there);
	return [
		...(lines[line?.why] && (waited || line.is !== "unknown") ? [["line", lines[line.why]]] : []),
		...(waited && line ? [["no limit gains", most > least ? `${duration(least)} to ${duration(most)}` : `${duration(most)} at most`]] : []),
	];
}

// "unpacked by docker-untar", for each program that has, and of how many layers where there are several.
function workers(layers, what) {
	const names = layers.map((layer) => layer[what]?.name).filter(Boolean);
	const each = [...new Set(names)].map((name) => `${name} (${count(names.filter((other) => other === name).length)} of ${count(layers.length)})`);
	return each.length ? [[what === "unpacker" ? "unpacked by" : "inflated by", each.join(", ")]] : [];
}

function contents(layers) {
	const stored = layers.filter((layer) => layer.stored).length;
	return `${count(layers.length)}, ${count(layers.filter((layer) => layer.there).length)} already there${stored ? `, ${count(stored)} stored` : ""}`;
}

const fetched = ({ registry, digest, layers, bound, up_to_date, links }) => [
	["registry", not_known(registry)],
	["digest", not_known(digest && short(digest.replace(/^sha256:/, "")))],
	["layers", up_to_date ? "up to date" : contents(layers)],
	...workers(layers, "unpacker"),
	...workers(layers, "inflater"),
	...(bound?.by ? [["bounded by", bound.by.replaceAll("_", " ")], ...wider(bound, layers)] : []),
	...(links ? links.peers.map((of) => ["connections", peer(of, links.shared), of.failed > 0]) : []),
];

const outcomes = { cut: "cut: tracing ended, or evidence was lost, before it was complete" };

function outcome({ outcome: word, failed }) {
	const text = failed ? `failed in ${failed.phase}${failed.step ? `, step ${failed.step}` : ""}` : outcomes[word] ?? word;
	return ["outcome", text, word !== "ok"];
}

// nodes: whether there are several.
export function facts(record, nodes) {
	const { ready, predecessor } = record;
	const unknown = Object.entries(record.phases).filter(([, ns]) => ns === null).map(([name]) => name);
	return [
		["record", record.kind],
		outcome(record),
		["total", duration(record.total_ns)],
		["began", `${date(record.begin_time)} ${clock(record.begin_time)} UTC`],
		nodes && ["node", not_known(record.node)],
		record.fetched ? ["engine", not_known(record.engine)] : ["runtime", not_known(record.runtime)],
		["image", not_known(record.image)],
		...(record.fetched ? [...asker(record), ...fetched(record.fetched)] : [["id", not_known(short(record.id))]]),
		ready && ["ready by", `${ready.by}, +${duration(ready.ns - record.begin_ns)}`],
		record.exit_code !== null && ["exit code", String(record.exit_code), record.exit_code !== 0],
		predecessor && ["successor of", predecessor.name || short(predecessor.id)],
		unknown.length && ["unknown", `${unknown.join(", ")}: a mark was not seen`, true],
	].filter(Boolean);
}
