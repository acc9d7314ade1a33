// SPDX-License-Identifier: GPL-2.0-only
// node build.mjs OUT: bundles script and style into page.html and cuts it where the data go.
// Writes OUT/head.html and OUT/tail.html. Runs where node_modules is (a copy of this folder).
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const out = process.argv[2];
const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");

// Whose code is in the page, with the licence that must go with it.
const libraries = [
	["Apache ECharts", "echarts", "LICENSE", "licenses/echarts.txt", "NOTICE"],
	["ZRender", "zrender", "LICENSE", "licenses/zrender.txt"],
	["tslib", "tslib", "LICENSE.txt", "licenses/tslib.txt"],
];

function notices() {
	return libraries
		.map(([name, module, file, kept, notice]) => {
			const text = read(kept);
			if (text !== read(`node_modules/${module}/${file}`))
				throw new Error(`${kept} is not the licence of ${module} as installed`);
			const { version } = JSON.parse(read(`node_modules/${module}/package.json`));
			const more = notice ? `${read(`node_modules/${module}/${notice}`)}\n\n` : "";
			return `${name} ${version}\n\n${more}${text.trim()}`;
		})
		.join(`\n\n${"-".repeat(72)}\n\n`)
		.replaceAll("\r", "");
}

async function bundle(entry) {
	const result = await build({
		entryPoints: [new URL(entry, import.meta.url).pathname],
		bundle: true,
		minify: true,
		write: false,
		format: "iife",
		charset: "ascii",
		target: ["chrome100", "firefox100", "safari15"],
		legalComments: "none",
		logLevel: "warning",
	});
	return result.outputFiles[0].text.trim();
}

const script = (await bundle("src/main.js")).replaceAll("</script", "<\\/script");
const style = await bundle("style.css");
const hash = createHash("sha256").update(script).digest("base64");
// A function as replacement: in a string "$&" would mean something.
const page = read("page.html")
	.replace("{{hash}}", () => hash)
	.replace("{{style}}", () => style)
	.replace("{{notices}}", () => notices().replaceAll("--", "- -").replaceAll("<", "&lt;"))
	.replace("{{script}}", () => script);
const [head, tail, more] = page.split("{{data}}");
if (tail === undefined || more !== undefined)
	throw new Error("page.html has to have {{data}} once");
writeFileSync(`${out}/head.html`, head);
writeFileSync(`${out}/tail.html`, tail);
