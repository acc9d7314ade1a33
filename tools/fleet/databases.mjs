// SPDX-License-Identifier: GPL-2.0-only
/*
 * databases.mjs CLICKHOUSE SPARK LINES: makes the table of the one DDL in a ClickHouse, reads the lines of the output flat into it
 * as docs/fleet.md says, and prints as JSON what it then has of each column: how many values, and the sum of numbers, the
 * greatest of times, how many are true, how many texts there are. Of the other DDL no more is known here than
 * whether it is of Spark's grammar: an array of what is wrong.
 */
import fs from "node:fs";
import { createRequire, register } from "node:module";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [clickhouse, spark, lines] = process.argv.slice(2);
const need = createRequire(path.join(process.env.TOOLS, "package.json"));
const { Session } = need("chdb");
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "coldtrace-clickhouse-"));
const db = new Session(scratch);
const ask = (sql) => db.query(sql, "JSONEachRow").trim().split("\n").filter((line) => line).map((line) => JSON.parse(line));

const what = {
	String: (name) => `toString(uniqExact(${name}))`,
	Int64: (name) => `toString(sum(toInt128(${name})))`,
	DateTime64: (name) => `toString(toUnixTimestamp64Nano(max(${name})))`,
	Bool: (name) => `toString(countIf(${name}))`,
};
const columns = {};

try {
	db.query("CREATE DATABASE fleet");
	db.query(fs.readFileSync(clickhouse, "utf8").replace("TABLE coldtrace", "TABLE fleet.coldtrace"));
	db.query(`INSERT INTO fleet.coldtrace SELECT * FROM file('${lines}', 'JSONEachRow') SETTINGS date_time_input_format = 'best_effort'`);
	for (const { name, type } of ask("SELECT name, type FROM system.columns WHERE database = 'fleet' AND table = 'coldtrace'")) {
		const plain = type.replace(/^Nullable\((.*)\)$/, "$1").replace(/\(.*/, "");

		[columns[name]] = ask(`SELECT toString(count(${name})) AS n, ${what[plain](name)} AS value FROM fleet.coldtrace`);
	}
	[columns[""]] = ask("SELECT toString(count()) AS n, version() AS value FROM fleet.coldtrace");
} finally {
	fs.rmSync(scratch, { recursive: true, force: true });
}

/* Its modules are written for a bundler: names of files lack their ends. */
register(`data:text/javascript,${encodeURIComponent(`
	import fs from "node:fs";
	import { fileURLToPath } from "node:url";
	export async function resolve(what, context, next) {
		for (const end of ["", ".js", "/index.js"])
			try { return await next(what + end, context); } catch (e) { if (end === "/index.js") throw e; }
	}
	export async function load(url, context, next) {
		if (!url.includes("/dt-sql-parser/dist/")) return next(url, context);
		return { format: "module", shortCircuit: true, source: fs.readFileSync(fileURLToPath(url)) };
	}`)}`);
const { SparkSQL } = await import(pathToFileURL(need.resolve("dt-sql-parser")).href);
const parser = new SparkSQL();
const table = fs.readFileSync(spark, "utf8");

console.log(JSON.stringify({
	columns,
	spark: parser.validate(table),
	/* That it is looked at: what is no type, and what is no source of data, is found. */
	spark_broken: [table.replace("BIGINT", "BIG INT"), table.replace("USING", "USED")].map((sql) => parser.validate(sql).length),
}));
process.exit(0);
