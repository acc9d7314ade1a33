// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What all charts share: the parts of ECharts that are used, their life, their look.
import { BarChart, CustomChart, LineChart } from "echarts/charts";
import { DataZoomComponent, GridComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

import { h } from "./dom.js";
import { colour } from "./palette.js";

echarts.use([BarChart, CustomChart, LineChart, DataZoomComponent, GridComponent, TooltipComponent, CanvasRenderer]);

export const { clipRectByRect } = echarts.graphic;
export const font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif";

const resized = new ResizeObserver((entries) => {
	for (const entry of entries) {
		const chart = echarts.getInstanceByDom(entry.target);
		if (chart && (chart.getWidth() !== entry.target.clientWidth || chart.getHeight() !== entry.target.clientHeight)) {
			chart.resize();
			entry.target.dispatchEvent(new CustomEvent("redraw"));
		}
	}
});

// An empty box for a chart, which says in words what the chart shows.
export function canvas(label) {
	const box = h("div", { class: "chart", role: "img", "aria-label": label });
	resized.observe(box);
	return box;
}

export function draw(box, height, option) {
	box.style.height = `${height}px`;
	const chart = echarts.getInstanceByDom(box) ?? echarts.init(box, null, { renderer: "canvas" });
	chart.resize();
	chart.clear(); // it would draw with what it has drawn before: a bar with the corners and the place of what was there
	chart.setOption(option, { notMerge: true });
	return chart;
}

export const base = () => ({
	animation: false,
	textStyle: { fontFamily: font, fontSize: 12, color: colour("text") },
	backgroundColor: "transparent",
});

export const tooltip = (formatter) => ({
	trigger: "item",
	confine: true,
	appendTo: "body",
	transitionDuration: 0,
	className: "tip",
	formatter,
});

// Formatters give an element, not a string: ECharts would take a string as HTML.
export const tip = (title, rows) =>
	h(
		"div",
		{},
		h("strong", {}, title),
		h("dl", {}, rows.filter(Boolean).map(([term, value]) => [h("dt", {}, term), h("dd", {}, value)])),
	);

export const value_axis = () => ({
	type: "value",
	axisLine: { show: false },
	axisTick: { show: false },
	splitLine: { lineStyle: { color: colour("line"), width: 1 } },
	minorSplitLine: { show: false },
	axisLabel: { color: colour("muted"), hideOverlap: true, margin: 10 },
});

export const category_axis = (names) => ({
	type: "category",
	inverse: true,
	data: names,
	axisLine: { show: false },
	axisTick: { show: false },
	axisLabel: { color: colour("text"), interval: 0 },
});

// Whole decades around the values, from 1 µs at the least: what is shorter stands at the edge.
export function decades(values) {
	const positive = values.filter((value) => value > 0);
	const low = Math.max(1e3, Math.min(...positive, 1e12));
	const high = Math.max(...positive, low * 10);
	return [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high) - 1e-9)];
}
