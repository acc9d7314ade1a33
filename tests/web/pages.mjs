// SPDX-License-Identifier: GPL-2.0-only
// Pages to look at: real ones from recordings, and real ones with made-up data in them.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const { COLDTRACE, RECORDINGS, OUT, LONG } = process.env;
const folder = mkdtempSync(join(OUT, "pages-"));

// The golden recordings, without LONG one of each kind; those that are compressed in the tree are unpacked.
const kinds = ["ctr-runc.ct", "ctr-runsc.ct", "docker-runc.ct", "failed-start.ct", "why-runc.ct", "docker-pull.ct"];

export const recordings = readdirSync(RECORDINGS)
	.filter((name) => (LONG ? /\.ct(\.gz)?$/.test(name) : kinds.includes(name)))
	.map((name) => {
		if (!name.endsWith(".gz"))
			return join(RECORDINGS, name);
		const file = join(folder, name.replace(/\.gz$/, ""));
		writeFileSync(file, gunzipSync(readFileSync(join(RECORDINGS, name))));
		return file;
	});

export const docker_pull = join(RECORDINGS, "docker-pull.ct");
export const links_pull = join(RECORDINGS, "links-pull.ct");
export const line_pulls = { full: join(RECORDINGS, "line-full-pull.ct"), each: join(RECORDINGS, "line-each-pull.ct") };
export const hosts_pull = join(RECORDINGS, "hosts-pull.ct");

export function report(recording, output, ...more) {
	return execFileSync(COLDTRACE, ["report", recording, "--steps", "--why", "-o", output, ...more], { encoding: "utf8", maxBuffer: 1 << 28 });
}

export function page_of(recording, ...more) {
	const file = join(folder, `${[recording, ...more].map((name) => name.replace(/.*\//, "")).join("-")}.html`);
	report(recording, `html:${file}`, ...more);
	return file;
}

// The summary that the JSON output of the same recording ends with.
export function summary_of(recording) {
	const lines = report(recording, "json:-").trim().split("\n");
	return JSON.parse(lines.at(-1));
}

const words_part = /(<script type="application\/json" id="words">)([^<]*)(<\/script>)/;
const data_part = /(<script type="application\/json" id="data">)([^<]*)(<\/script>)/;

export const data_in = (html) => JSON.parse(html.match(data_part)[2]);

// live: as a page of 'coldtrace serve' is told what its last record is, and how many it may keep.
export function page_with(name, data, live) {
	const [recording] = recordings;
	const html = readFileSync(page_of(recording), "utf8");
	const text = (typeof data === "string" ? data : JSON.stringify(data)).replaceAll("<", "\\u003c");
	const file = join(folder, `${name}.html`);
	const whole = html.replace(data_part, (_, begin, __, end) => begin + text + end);
	writeFileSync(file, live ? whole.replace(words_part, (_, begin, words, end) => begin + JSON.stringify({ ...JSON.parse(words), live }) + end) : whole);
	return file;
}

// Numbers that look random and are the same every time.
function random(seed) {
	let state = seed;
	return () => {
		state = (state * 1664525 + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
}

const shape = [
	["create", 9e6],
	["client", 2e6],
	["attach", 3e5],
	["connect", 6e6],
	["start", 2e8],
	["ready", 2e6],
];
const actors = ["engine", "shim", "runtime", "helper", "init", "workload"];

function start(i, next, steps) {
	const slow = i % 2 ? 1.6 : 1;
	const begin = 1e12 + i * 3e8;
	let at = begin;
	const segments = shape.map(([phase, mean]) => {
		const segment = { phase, begin_ns: at, end_ns: at + Math.round(mean * slow * (0.5 + 1.5 * next() ** 3)) };
		at = segment.end_ns;
		return segment;
	});
	const begun = segments[4].begin_ns;
	const inner = segments[4].end_ns - begun;
	const failed = i % 97 === 96;
	return {
		kind: "start",
		outcome: failed ? "failed" : "ok",
		cause: "request",
		id: i.toString(16).padStart(64, "0"),
		name: `service-${i}`,
		image: `registry.example/app:${i % 7}`,
		runtime: i % 2 ? "runsc" : "runc",
		engine: "docker",
		init_pid: 1000 + i,
		exit_code: null,
		begin_ns: begin,
		end_ns: at,
		total_ns: at - begin,
		begin_time: `2026-11-21T10:${String(Math.floor(i / 60) % 60).padStart(2, "0")}:${String(i % 60).padStart(2, "0")}.000000000Z`,
		phases: Object.fromEntries(segments.map(({ phase, begin_ns, end_ns }) => [phase, end_ns - begin_ns])),
		segments,
		ready: null,
		run_ns: null,
		service_end_ns: null,
		removed: false,
		failed: failed ? { phase: "start", step: null, message: "exec: no such file" } : null,
		predecessor: null,
		steps: Array.from({ length: steps }, (_, k) => ({
			name: `step ${k % 23}`,
			actor: actors[k % 6],
			pid: 2000 + k,
			phase: "start",
			begin_ns: begun + Math.round((inner * k) / (steps + 1)),
			end_ns: begun + Math.round((inner * (k + 1.4)) / (steps + 1)),
			parent: k % 4 ? k - 1 : null,
			depth: k % 4,
			count: 1 + (k % 5),
			open: false,
			detail: "",
		})),
	};
}

// What a start of those waited for: pieces as many as a page has of each, causes as many as there may be.
export function with_waits(data) {
	const reasons = ["cpu", "runqueue", "disk_sync", "peer", "lock"];
	for (const record of data.records) {
		const piece = (k, n) => ({ phase: "start", reason: reasons[k % 5], what: k % 5 > 1 ? `what ${k}` : "", actor: `program-${k % 9}`, step: k % 3 ? "runtime create" : "", n });
		const width = Math.floor(record.total_ns / 32);
		record.path = Array.from({ length: 32 }, (_, k) => ({ ...piece(k), begin_ns: record.begin_ns + k * width, end_ns: k === 31 ? record.end_ns : record.begin_ns + (k + 1) * width, pid: 7, tid: 8, pieces: 80, why: { cpu: width / 2, runqueue: width / 2 } }));
		record.causes = Array.from({ length: 76 }, (_, k) => ({ ...piece(k), ns: Math.floor((record.total_ns * (76 - k)) / 2926) }));
		record.why = { cpu: record.total_ns };
	}
	const causes = data.records[0].causes.map(({ ns, ...cause }) => ({ ...cause, median_ns: ns, total_ns: ns * data.records.length, records: data.records.length }));
	data.summary.why = [{ kind: "start", key: "runc", records: data.records.length, total_ns: causes.reduce((sum, cause) => sum + cause.total_ns, 0), unexplained_ns: 0, causes }];
	return data;
}

export function many(count, steps) {
	const next = random(7);
	const { session, summary } = data_in(readFileSync(page_of(recordings[0]), "utf8"));
	return {
		schema: "coldtrace/1",
		session: { ...session, begin_ns: 1e12 },
		records: Array.from({ length: count }, (_, i) => start(i, next, i ? steps : 4000)),
		summary: { ...summary, containers: count, end_ns: 1e12 + count * 3e8 },
	};
}
