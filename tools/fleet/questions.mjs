// SPDX-License-Identifier: GPL-2.0-only
/*
 * questions.mjs DDL LINES SQL PARQUET: makes the table in a DuckDB of its own, reads the lines of the output flat into it, and
 * answers each statement of SQL, as JSON: an array of arrays of rows, then that of the same of PARQUET, which it writes.
 */
import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";

const need = createRequire(path.join(process.env.TOOLS, "package.json"));
const { DuckDBInstance } = need("@duckdb/node-api");
const [ddl, lines, sql, parquet] = process.argv.slice(2);
const db = await (await DuckDBInstance.create(":memory:")).connect();
const statements = fs.readFileSync(sql, "utf8").split(/;\s*\n/).map(s => s.replace(/^--.*\n/gm, "").trim()).filter(s => s);

async function answers() {
	const all = [];
	for (const statement of statements) {
		const rows = await (await db.run(statement)).getRowObjectsJson();
		all.push(rows);
	}
	return all;
}

await db.run(fs.readFileSync(ddl, "utf8"));
await db.run(`COPY coldtrace FROM '${lines}' (FORMAT json)`);
const count = (await (await db.run("SELECT count(*)::INTEGER AS n FROM coldtrace")).getRowObjectsJson())[0].n;
const of_lines = await answers();
await db.run(`COPY coldtrace TO '${parquet}' (FORMAT parquet)`);
await db.run("DROP TABLE coldtrace");
await db.run(`CREATE VIEW coldtrace AS FROM '${parquet}'`);
console.log(JSON.stringify({ count, of_lines, of_parquet: await answers() }));
