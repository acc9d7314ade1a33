// SPDX-License-Identifier: GPL-2.0-only
// The trace, decoded by protobufjs: an encoder and a decoder that share no code.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import protobuf from "protobufjs";

import { recordings, report } from "./pages.mjs";

const proto = await protobuf.load(new URL("proto/perfetto.proto", import.meta.url).pathname);
const Trace = proto.lookupType("perfetto.protos.Trace");
const BEGIN = 1;
const END = 2;
const INSTANT = 3;
const MONOTONIC = 3;
const CLEARED = 1;
const NEEDED = 2;

function trace_of(recording, ...more) {
	const file = join(process.env.OUT, `${recording.replace(/.*\//, "")}.pftrace`);
	report(recording, `perfetto:${file}`, ...more);
	return decode(readFileSync(file));
}

// Numbers that stand for strings become these again; a clock that goes without saying is said.
function decode(bytes) {
	const { packet } = Trace.toObject(Trace.decode(bytes), { longs: BigInt });
	let words, clock;
	for (const one of packet) {
		if (one.sequenceFlags & CLEARED) {
			words = { category: new Map(), event: new Map(), note: new Map(), value: new Map() };
			clock = one.tracePacketDefaults.timestampClockId;
		}
		if (!one.trackEvent)
			continue;
		assert.equal(one.sequenceFlags, NEEDED);
		for (const [key, list] of [["category", "eventCategories"], ["event", "eventNames"], ["note", "debugAnnotationNames"], ["value", "debugAnnotationStringValues"]])
			for (const { iid, name, str } of one.internedData?.[list] ?? []) {
				assert.ok(!words[key].has(iid), `${key} ${iid} is told once`);
				words[key].set(iid, name ?? Buffer.from(str).toString("utf8"));
			}
		const event = one.trackEvent;
		const word = (key, iid) => {
			assert.ok(words[key].has(iid), `${key} ${iid} was never told`);
			return words[key].get(iid);
		};
		one.timestampClockId = clock;
		if (event.nameIid !== undefined)
			event.name = word("event", event.nameIid);
		event.categories = (event.categoryIids ?? []).map((iid) => word("category", iid));
		for (const note of event.debugAnnotations ?? []) {
			note.name = word("note", note.nameIid);
			if (note.stringValueIid !== undefined)
				note.stringValue = word("value", note.stringValueIid);
		}
	}
	return packet;
}

const events_of = (packets) => packets.filter((packet) => packet.trackEvent).map((packet) => ({ ...packet.trackEvent, ts: BigInt(packet.timestamp), clock: packet.timestampClockId }));
const tracks_of = (packets) => new Map(packets.filter((packet) => packet.trackDescriptor).map(({ trackDescriptor }) => [trackDescriptor.uuid, trackDescriptor]));

// As Perfetto reads it: in order of time, and of the file where that is equal.
function slices_of(packets) {
	const tracks = tracks_of(packets);
	const open = new Map();
	const slices = [];
	const events = events_of(packets).map((event, at) => ({ ...event, at }));
	events.sort((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : a.at - b.at));
	for (const event of events) {
		assert.ok(tracks.has(event.trackUuid), `no descriptor of track ${event.trackUuid}`);
		assert.equal(event.clock, MONOTONIC);
		const stack = open.get(event.trackUuid) ?? [];
		open.set(event.trackUuid, stack);
		if (event.type === BEGIN) {
			const slice = { ...event, parent: stack.at(-1), track: tracks.get(event.trackUuid) };
			stack.push(slice);
			slices.push(slice);
		} else if (event.type === END) {
			const slice = stack.pop();
			assert.ok(slice, `an end without a begin on ${tracks.get(event.trackUuid).name}`);
			slice.end = event.ts;
			if (slice.parent)
				assert.ok(slice.ts >= slice.parent.ts, "begins inside");
		} else {
			assert.equal(event.type, INSTANT);
		}
	}
	for (const stack of open.values())
		assert.equal(stack.length, 0, "every begin has an end");
	for (const slice of slices)
		if (slice.parent)
			assert.ok(slice.end <= slice.parent.end, `${slice.name} ends inside ${slice.parent.name}`);
	return slices;
}

const sum_of = (slices) => slices.reduce((sum, slice) => sum + slice.end - slice.ts, 0n);

const notes = (slice) => Object.fromEntries((slice.debugAnnotations ?? []).map((note) => [note.name, note.stringValue ?? note.uintValue]));

for (const recording of recordings) {
	const name = recording.replace(/.*\//, "");
	const records = report(recording, "json:-")
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line))
		.filter((line) => line.segments);

	test(`${name}: what the JSON output says, as slices`, () => {
		const packets = trace_of(recording);
		const slices = slices_of(packets);
		for (const record of records) {
			const tracks = [...tracks_of(packets).values()];
			const own = slices.find((slice) => slice.name === record.kind && notes(slice).container === record.id && slice.ts === BigInt(record.begin_ns));
			assert.ok(own, `${record.kind} of ${record.name}`);
			assert.equal(own.end, BigInt(record.end_ns));
			assert.equal(notes(own).outcome, record.outcome);
			const phases = slices.filter((slice) => slice.parent === own && slice.categories[0] === "phase");
			assert.deepEqual(
				phases.map((slice) => [slice.name, Number(slice.ts), Number(slice.end)]),
				record.segments.map((segment) => [segment.phase, segment.begin_ns, segment.end_ns]),
			);
			const root = own.track.parentUuid ?? own.track.uuid;
			for (const step of record.steps) {
				const slice = slices.find((candidate) => candidate.name === step.name && candidate.track.parentUuid === root && Number(candidate.ts) === step.begin_ns && Number(notes(candidate).pid) === step.pid);
				assert.ok(slice, `step ${step.name} of ${record.name}`);
				assert.equal(Number(slice.end), step.end_ns ?? Math.max(record.end_ns, step.begin_ns));
				assert.ok(slice.track.name.startsWith(`${step.actor} ${step.pid}`), slice.track.name);
			}
			assert.ok(tracks.some((track) => track.uuid === root && track.name === (record.name || record.id)));
		}
		const steps = records.reduce((sum, record) => sum + record.steps.length, 0);
		const segments = records.reduce((sum, record) => sum + record.segments.length, 0);
		const waits = slices.filter((slice) => slice.categories[0] === "why").length;
		assert.equal(slices.length - waits, records.length + segments + steps);
		/* A container that is made anew under its old name tells its track again. */
		const told = packets.filter((packet) => packet.trackDescriptor).length;
		assert.ok(told >= tracks_of(packets).size);
		const missing = records.reduce((sum, record) => sum + Object.values(record.phases).filter((ns) => ns === null).length, 0);
		const instants = events_of(packets).filter((event) => event.type === INSTANT).length;
		assert.equal(instants, missing + 2);
		const agreed = packets.filter((packet) => packet.tracePacketDefaults).length;
		assert.equal(packets.length, 1 + agreed + told + 2 * slices.length + instants);
	});

	test(`${name}: flows begin where the step was going on that started the other`, () => {
		const slices = slices_of(trace_of(recording));
		const begun = new Map(slices.flatMap((slice) => (slice.flowIds ?? []).map((id) => [id, slice])));
		const at = (step) => slices.find((slice) => slice.categories[0] === "step" && slice.name === step.name && Number(slice.ts) === step.begin_ns && Number(notes(slice).pid) === step.pid);
		for (const { steps } of records)
			for (const step of steps) {
				const from = (at(step).terminatingFlowIds ?? []).map((id) => begun.get(id));
				const parent = steps[step.parent ?? -1];
				if (parent?.pid === step.pid)
					assert.deepEqual(from, [], `${step.name} is its process's own`);
				else if (parent)
					assert.ok(from.length === 1 && (from[0] === at(parent) || from[0].end < at(step).end), `${step.name} comes from ${from[0]?.name}, not from ${parent.name}`);
			}
	});

	if (name.startsWith("why-"))
		test(`${name}: the critical path, whose it is, and what it is a part of`, () => {
			const packets = trace_of(recording, "--path-pieces", "all");
			const slices = slices_of(packets);
			const waits = slices.filter((slice) => slice.categories[0] === "why");
			const said = report(recording, "json:-", "--path-pieces", "all").trim().split("\n").map((line) => JSON.parse(line)).filter((line) => line.path);
			const pieces = said.flatMap((record) => record.path);
			const key = (begin, end, what, actor, step, tid) => [begin, end, what ?? "", actor ?? "", step ?? "", Number(tid ?? 0)].join("|");
			assert.deepEqual(
				waits.map((slice) => key(slice.ts, slice.end, notes(slice).what, notes(slice).actor, notes(slice).step, notes(slice).tid)).sort(),
				pieces.map((piece) => key(piece.begin_ns, piece.end_ns, piece.what, piece.actor, piece.step, piece.tid)).sort(),
			);
			assert.ok(pieces.length > 128 * said.length);
			const brief = slices_of(trace_of(recording)).filter((slice) => slice.categories[0] === "why");
			assert.ok(brief.length <= 128 * said.length && brief.some((slice) => notes(slice).pieces > 1));
			assert.equal(sum_of(brief), sum_of(waits));
			const threads = packets.map((packet) => packet.trackDescriptor?.thread).filter(Boolean);
			const processes = packets.map((packet) => packet.trackDescriptor?.process).filter(Boolean);
			for (const piece of pieces.filter(({ pid }) => pid)) {
				assert.ok(processes.some(({ pid, processName }) => pid === piece.pid && processName === piece.actor), `process ${piece.pid} is ${piece.actor}`);
				assert.ok(threads.some(({ pid, tid, threadName }) => pid === piece.pid && tid === piece.tid && threadName === piece.actor), `thread ${piece.tid} is ${piece.actor}`);
			}
			const begun = new Map(slices.flatMap((slice) => (slice.flowIds ?? []).map((id) => [id, slice])));
			const led = waits.filter((slice) => slice.terminatingFlowIds);
			assert.ok(led.length > 5);
			for (const slice of led) {
				const from = begun.get(slice.terminatingFlowIds[0]);
				assert.equal(from.name, notes(slice).step);
				assert.equal(notes(from).pid, notes(slice).pid);
			}
		});

	test(`${name}: flows end where they began, and later`, () => {
		const slices = slices_of(trace_of(recording));
		const begun = new Map(slices.flatMap((slice) => (slice.flowIds ?? []).map((id) => [id, slice])));
		const ended = slices.flatMap((slice) => (slice.terminatingFlowIds ?? []).map((id) => [id, slice]));
		assert.equal(begun.size, ended.length);
		for (const [id, slice] of ended) {
			const from = begun.get(id);
			assert.ok(from, "a flow that nobody began");
			assert.ok(from.ts <= slice.ts);
			assert.notEqual(from.track.uuid, slice.track.uuid);
		}
		const started = records.find((record) => record.kind === "start" && record.outcome === "ok" && record.steps.length);
		if (started && started.engine !== "none") {
			const arrows = new Set(ended.map(([id, slice]) => `${notes(begun.get(id)).pid ? begun.get(id).track.name.split(" ")[0] : "engine"} > ${slice.track.name.split(" ")[0]}`));
			assert.ok(arrows.has("engine > shim"), [...arrows].join(", "));
			/* Kata's shim is its own runtime; of conmon's two processes the first may be gone when the runtime is called. */
			if (started.runtime !== "kata" && started.engine !== "podman") assert.ok(arrows.has("shim > runtime"), [...arrows].join(", "));
		}
	});
}

test("the clock is CLOCK_MONOTONIC, and the wall is known", () => {
	const packets = trace_of(recordings[0]);
	const [first] = packets;
	assert.equal(packets.filter((packet) => packet.sequenceFlags & CLEARED).length, 1);
	assert.equal(first.clockSnapshot.primaryTraceClock, MONOTONIC);
	assert.deepEqual(
		first.clockSnapshot.clocks.map((clock) => clock.clockId),
		[3, 1],
	);
	const [mono, wall] = first.clockSnapshot.clocks.map((clock) => clock.timestamp);
	const session = JSON.parse(report(recordings[0], "json:-").split("\n")[0]);
	assert.equal(Number(mono), session.begin_ns);
	assert.equal(Math.floor(Number(wall / 1000000n)), Date.parse(session.begin_time));
});

test("the same recording makes the same trace", () => {
	assert.deepEqual(trace_of(recordings[0]), trace_of(recordings[0]));
});
