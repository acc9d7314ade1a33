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

function trace_of(recording, ...more) {
	const file = join(process.env.OUT, `${recording.replace(/.*\//, "")}.pftrace`);
	report(recording, `perfetto:${file}`, ...more);
	return decode(readFileSync(file));
}

function decode(bytes) {
	const { packet } = Trace.toObject(Trace.decode(bytes), { longs: BigInt });
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
		assert.equal(packets.length, 1 + told + 2 * slices.length + instants);
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
	const [first] = trace_of(recordings[0]);
	assert.equal(first.sequenceFlags, 1);
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
