// SPDX-License-Identifier: GPL-2.0-only
// check_hdr.js DIR: hdr-histogram-js reads the logs; its percentiles are those of the records in
// the JSON document, and what it prints itself is the percentile text, byte for byte.
const assert = require("assert");
const fs = require("fs");
const hdr = require("hdr-histogram-js");

const directory = process.argv[2];
const read = (name) => fs.readFileSync(`${directory}/${name}`, "utf8");

// Values by tag, of the records that succeeded; a restart's phases are those of other records.
function valuesOf(records) {
  const values = new Map();
  const add = (tag, ns) => {
    if (!values.has(tag)) values.set(tag, []);
    values.get(tag).push(ns);
  };
  for (const rec of records) {
    if (rec.outcome !== "ok") continue;
    add(`${rec.runtime}.total-${rec.kind}`, rec.total_ns);
    if (rec.kind === "restart") continue;
    const seen = new Set(rec.segments.map((s) => s.phase));
    for (const phase of seen)
      add(`${rec.runtime}.${phase}`, rec.segments.filter((s) => s.phase === phase)
        .reduce((sum, s) => sum + s.end_ns - s.begin_ns, 0));
  }
  return values;
}

function histogramsOf(log) {
  const reader = new hdr.HistogramLogReader(log, 64);
  const histograms = new Map();
  for (let h; (h = reader.nextIntervalHistogram()); ) {
    assert(!histograms.has(h.tag), `tag ${h.tag} twice`);
    histograms.set(h.tag, h);
  }
  return histograms;
}

function checkPrinted(histograms, text) {
  let sections = 0;
  for (const section of text.split(/(?=^#\[Tag = )/m)) {
    const [, tag] = section.match(/^#\[Tag = (\S+), values in ms\]\n/);
    const printed = section.slice(section.indexOf("\n") + 1).replace(/\n\n$/, "\n");
    assert.strictEqual(printed, histograms.get(tag).outputPercentileDistribution(5, 1e6), tag);
    sections++;
  }
  assert.strictEqual(sections, histograms.size);
}

const log = read("many.hdr");
assert(log.startsWith("#[Histogram log format version 1.3]\n"));
assert(/^Tag=\S+,0\.000,[0-9.]+,[0-9.]+,HISTFAAAA/m.test(log));
const document = JSON.parse(read("many.document"));
const histograms = histogramsOf(log);
const values = valuesOf(document.records);
assert.deepStrictEqual([...histograms.keys()].sort(), [...values.keys()].sort());
let percentiles = 0;
for (const [tag, sorted] of values) {
  const h = histograms.get(tag);
  sorted.sort((a, b) => a - b);
  assert.strictEqual(h.totalCount, sorted.length, tag);
  assert.strictEqual(Math.round(h.startTimeStampMsec), Date.parse(document.session.begin_time));
  for (const p of [0, 10, 25, 50, 75, 90, 99, 99.9, 100]) {
    const exact = sorted[Math.max(0, Math.ceil((p / 100) * sorted.length * (1 - 1e-12)) - 1)];
    const got = h.getValueAtPercentile(p);
    assert(Math.abs(got - exact) <= exact / 1000, `${tag} p${p}: ${got}, exactly ${exact}`);
    percentiles++;
  }
}
checkPrinted(histograms, read("many.hgrm"));
const hostile = histogramsOf(read("hostile.hdr"));
checkPrinted(hostile, read("hostile.hgrm"));
for (const [tag, h] of hostile) {
  assert(/^[A-Za-z0-9._()%-]+$/.test(tag), tag);
  assert(h.totalCount > 0);
}
console.log(`hdr: ${histograms.size} histograms, ${percentiles} percentiles, ${hostile.size} hostile`);
