// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A table as a file that a spreadsheet reads: RFC 4180, as the output csv writes it.
import { h } from "./dom.js";

// What a spreadsheet would take for a formula, and what begins like that already, gets an apostrophe.
const safe = (text) => (/^[=+\-@'\t\r\uff0b\uff0d\uff1d\uff20]/.test(text) ? `'${text}` : text);
// eslint-disable-next-line no-control-regex
const cell = (value) => (typeof value === "number" ? String(value) : value === null || value === undefined ? "" : `"${safe(String(value).replace(/[\u0000-\u001f\u007f]/g, " ")).replaceAll('"', '""')}"`);

export const csv_text = (rows) => rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");

// rows() is asked when somebody wants the file: the first row is the header.
export function download(name, rows) {
	return h(
		"button",
		{
			type: "button",
			class: "csv",
			"aria-label": `Download as CSV: ${name}`,
			title: "Download as CSV",
			onclick: () => {
				const url = URL.createObjectURL(new Blob([csv_text(rows())], { type: "text/csv;charset=utf-8" }));
				h("a", { href: url, download: `${name}.csv` }).click();
				setTimeout(() => URL.revokeObjectURL(url), 10_000);
			},
		},
		"CSV",
	);
}
