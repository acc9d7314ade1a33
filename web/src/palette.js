// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Colours live in style/frame.css; a chart asks for them by name, in the light or dark of the moment.

export const dark = window.matchMedia("(prefers-color-scheme: dark)");

export function colour(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export const phase_colour = (phase) => colour(`phase-${phase}`) || colour("muted");
export const actor_colour = (actor) => colour(`actor-${actor}`) || colour("muted");

// Steps that one colour for whoever does them would not tell apart: those of a layer that is pulled.
export const own_key = (step) => step.actor === "layer" && `step-${step.name.replaceAll(" ", "-")}`;
export const step_colour = (step) => (own_key(step) && colour(own_key(step))) || actor_colour(step.actor);

export const reason_colour = (reason) => colour(`reason-${reason}`) || colour("muted");

const marks = ["circle", "diamond", "triangle", "rect", "roundRect", "pin", "arrow", "circle"];
const dashes = ["solid", [7, 4], [2, 3], [10, 3, 2, 3], "solid", [7, 4], [2, 3], [10, 3, 2, 3]];
export const series_max = 8;
export const series_colour = (i) => colour(`series-${(i % series_max) + 1}`);
export const series_mark = (i) => marks[i % series_max];
export const series_dash = (i) => dashes[i % series_max];

// Black or white, whichever reads better on a colour of the form #rrggbb.
export function ink_on(background) {
	const [r, g, b] = [1, 3, 5].map((at) => {
		const c = parseInt(background.slice(at, at + 2), 16) / 255;
		return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.36 ? "#10151c" : "#ffffff";
}
