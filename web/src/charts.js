// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The three charts of the restart-time paper: shares (Fig. 5), medians (Fig. 4), CDFs (Fig. 3).
import { base, category_axis, decades, draw, tip, tooltip, value_axis } from "./chart.js";
import { duration, percent, tick } from "./format.js";
import { colour, ink_on, phase_colour, series_colour, series_dash, series_mark } from "./palette.js";

const label_width = (names, room) => Math.min(room, 16 + 7.2 * Math.max(...names.map((name) => name.length)));

// One bar per group. By share of the total time, or by mean time.
export function shares(box, groups, phases, titles, mode) {
	const width = label_width(titles, box.clientWidth * 0.3);
	const axis = { ...category_axis(titles), axisLabel: { color: colour("text"), width: width - 14, overflow: "truncate", interval: 0 } };
	const sum = (group, phase) => group.phases[phase]?.sum ?? 0;
	const value = (group, phase) =>
		mode === "share" ? (group.total.sum ? sum(group, phase) / group.total.sum : 0) : group.total.n ? sum(group, phase) / group.total.n : 0;
	const max = mode === "share" ? 1 : Math.max(...groups.map((group) => phases.reduce((all, phase) => all + value(group, phase), 0)));
	const room = box.clientWidth - width - 24;
	draw(box, 44 + groups.length * 38, {
		...base(),
		grid: { left: width, right: 24, top: 4, bottom: 30 },
		tooltip: tooltip(({ dataIndex, seriesName }) => {
			const group = groups[dataIndex];
			const phase = group.phases[seriesName];
			return tip(`${seriesName}, ${titles[dataIndex]}`, [
				["share of the total", percent(group.total.sum ? phase.sum / group.total.sum : 0)],
				["mean per record", duration(phase.sum / group.total.n)],
				["median", duration(phase.p50)],
				["records", `${phase.n} of ${group.total.n}`],
			]);
		}),
		xAxis: {
			...value_axis(),
			max: mode === "share" ? 1 : undefined,
			axisLabel: { ...value_axis().axisLabel, formatter: mode === "share" ? (v) => `${Math.round(v * 100)}\u00a0%` : tick },
		},
		yAxis: axis,
		series: phases.map((phase) => {
			const fill = phase_colour(phase);
			return {
				type: "bar",
				name: phase,
				stack: "all",
				barWidth: 24,
				itemStyle: { color: fill, borderColor: colour("surface"), borderWidth: 1 },
				emphasis: { focus: "series" },
				label: {
					show: true,
					color: ink_on(fill),
					fontSize: 11,
					formatter: ({ dataIndex }) => {
						const v = value(groups[dataIndex], phase);
						const pixels = (v / max) * room;
						const number = mode === "share" ? `${Math.round(v * 100)}\u00a0%` : duration(v);
						const both = `${phase} ${number}`;
						return pixels > both.length * 6.8 + 8 ? both : pixels > phase.length * 6.8 + 8 ? phase : "";
					},
				},
				data: groups.map((group) => value(group, phase)),
			};
		}),
	});
}

// A dot for the median and a line from the least to the most, per phase and group.
export function medians(box, groups, phases, titles, scale) {
	const rows = [...phases, "total"];
	const of = (group, row) => (row === "total" ? group.total : group.phases[row]);
	const points = groups.map((group) => rows.flatMap((row, i) => (of(group, row)?.n ? [[i, of(group, row).min, of(group, row).p50, of(group, row).max]] : [])));
	const every = points.flat();
	// Which groups have the phase: they share its band.
	const present = rows.map((row) => groups.flatMap((group, g) => (of(group, row)?.n ? [g] : [])));
	const [low, high] = decades(every.flatMap((point) => point.slice(1)));
	const width = label_width(rows, 120);
	const lane = 18;
	const clamp = (v) => (scale === "log" ? Math.max(low, v) : v);
	draw(box, 46 + rows.length * Math.max(30, Math.max(...present.map((list) => list.length)) * lane + 12), {
		...base(),
		grid: { left: width, right: 78, top: 4, bottom: 30 },
		tooltip: tooltip(({ seriesIndex, value }) => {
			const s = of(groups[seriesIndex], rows[value[0]]);
			return tip(`${rows[value[0]]}, ${titles[seriesIndex]}`, [
				["median", duration(s.p50)],
				["min to max", `${duration(s.min)} to ${duration(s.max)}`],
				["p90, p99", `${duration(s.p90)}, ${duration(s.p99)}`],
				["records", String(s.n)],
			]);
		}),
		xAxis: {
			...value_axis(),
			type: scale === "log" ? "log" : "value",
			min: scale === "log" ? low : 0,
			max: scale === "log" ? high : undefined,
			axisLabel: { ...value_axis().axisLabel, formatter: tick },
		},
		yAxis: {
			...category_axis(rows),
			splitLine: { show: true, lineStyle: { color: colour("line") } },
			axisLabel: { color: (name) => colour(name === "total" ? "strong" : "text"), interval: 0 },
		},
		series: groups.map((group, g) => ({
			type: "custom",
			name: titles[g],
			encode: { x: [1, 2, 3], y: 0 },
			data: points[g],
			renderItem: (params, api) => {
				const band = present[api.value(0)];
				const shift = (band.indexOf(g) - (band.length - 1) / 2) * lane;
				const at = (v) => api.coord([clamp(v), api.value(0)]);
				const [x1, y0] = at(api.value(1));
				const [x2] = at(api.value(2));
				const [x3] = at(api.value(3));
				const y = y0 + shift;
				const stroke = series_colour(g);
				const line = (a, b, c, d, lineWidth) => ({ type: "line", shape: { x1: a, y1: b, x2: c, y2: d }, style: { stroke, lineWidth } });
				return {
					type: "group",
					children: [
						line(x1, y, x3, y, 2),
						line(x1, y - 4, x1, y + 4, 2),
						line(x3, y - 4, x3, y + 4, 2),
						mark(series_mark(g), x2, y, stroke),
						{
							type: "text",
							x: x3 + 9,
							y: y + 1,
							style: { text: duration(api.value(2)), verticalAlign: "middle", fill: colour("muted"), fontSize: 11.5 },
						},
					],
				};
			},
		})),
	});
}

function mark(kind, x, y, fill) {
	const style = { fill, stroke: colour("surface"), lineWidth: 1.5 };
	const r = 5.5;
	const polygons = {
		diamond: [[x, y - r - 1], [x + r + 1, y], [x, y + r + 1], [x - r - 1, y]],
		triangle: [[x, y - r - 0.5], [x + r, y + r - 1], [x - r, y + r - 1]],
		rect: [[x - r + 1, y - r + 1], [x + r - 1, y - r + 1], [x + r - 1, y + r - 1], [x - r + 1, y + r - 1]],
	};
	if (polygons[kind])
		return { type: "polygon", shape: { points: polygons[kind] }, style };
	return { type: "circle", shape: { cx: x, cy: y, r }, style };
}

// At most so many points of a line: more than the screen has columns.
const points_max = 1200;

function steps_of(sorted) {
	const n = sorted.length;
	const stride = Math.max(1, n / points_max);
	const points = [[sorted[0], 0]];
	for (let at = 0; at < n; at += stride) {
		const i = Math.floor(at);
		points.push([sorted[i], (i + 1) / n]);
	}
	points.push([sorted[n - 1], 1]);
	return points;
}

export function cdf(box, groups, titles, phase, scale) {
	const of = (group) => (phase === "total" ? group.total : group.phases[phase]);
	const shown = groups.map((group, i) => [of(group), i]).filter(([s]) => s?.n);
	const [low, high] = decades(shown.flatMap(([s]) => [s.min, s.max]));
	const clamp = (v) => (scale === "log" ? Math.max(low, v) : v);
	draw(box, Math.max(300, Math.min(460, box.clientWidth * 0.55)), {
		...base(),
		grid: { left: 48, right: 24, top: 10, bottom: 30 },
		tooltip: {
			...tooltip((items) =>
				tip(
					`${phase}: until ${duration(items[0]?.axisValue ?? 0)}`,
					shown.map(([s, i]) => [titles[i], percent(below(s.sorted, items[0]?.axisValue ?? 0))]),
				),
			),
			trigger: "axis",
			axisPointer: { type: "line", lineStyle: { color: colour("muted") }, label: { show: false } },
		},
		dataZoom: [{ type: "inside", xAxisIndex: 0, zoomOnMouseWheel: "ctrl", moveOnMouseMove: true, filterMode: "none" }],
		xAxis: {
			...value_axis(),
			type: scale === "log" ? "log" : "value",
			min: scale === "log" ? low : undefined,
			max: scale === "log" ? high : undefined,
			axisLabel: { ...value_axis().axisLabel, formatter: tick },
		},
		yAxis: { ...value_axis(), min: 0, max: 1, interval: 0.25, axisLabel: { ...value_axis().axisLabel, formatter: (v) => `${v * 100}\u00a0%` } },
		series: shown.map(([s, i]) => ({
			type: "line",
			name: titles[i],
			step: "end",
			showSymbol: false,
			clip: true,
			lineStyle: { width: 2.25, color: series_colour(i), type: series_dash(i) },
			itemStyle: { color: series_colour(i) },
			data: steps_of(s.sorted).map(([v, share]) => [clamp(v), share]),
		})),
	});
}

// Share of the sorted values that are no more than v.
function below(sorted, v) {
	let low = 0;
	let high = sorted.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (sorted[middle] <= v)
			low = middle + 1;
		else
			high = middle;
	}
	return low / sorted.length;
}
