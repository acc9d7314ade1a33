// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Numbers for people: three significant digits and the unit that reads best, as in the terminal.

const units = [
	["ns", 1, 999.5],
	["µs", 1e3, 999.5],
	["ms", 1e6, 999.5],
	["s", 1e9, 999.5],
	["min", 60e9, 99.95],
	["h", 3600e9, 99.95],
	["d", 86400e9, Infinity],
];

export function duration(ns) {
	if (ns === null || ns === undefined)
		return "unknown";
	const [name, size] = units.find(([, unit, below]) => ns / unit < below);
	const value = ns / size;
	const digits = size === 1 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	return `${value.toFixed(digits)}\u00a0${name}`;
}

// For the ticks of an axis: no digits that say nothing.
export function tick(ns) {
	if (ns <= 0)
		return "0";
	const [name, size] = units.find(([, unit, below]) => ns / unit < below);
	return `${Number((ns / size).toPrecision(3))}\u00a0${name}`;
}

export const percent = (share) => `${(share * 100).toFixed(1)}\u00a0%`;

export const count = (n) => n.toLocaleString("en").replaceAll(",", "\u202f");

export function plural(n, word) {
	return `${count(n)} ${word}${n === 1 ? "" : "s"}`;
}

// Of an RFC 3339 instant.
export const clock = (time) => time.slice(11, 23);
export const date = (time) => time.slice(0, 10);
