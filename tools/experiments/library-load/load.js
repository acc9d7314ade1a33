// SPDX-License-Identifier: GPL-2.0-only
// Loads what it is told to, says how long that took by its own clock, and ends.
"use strict";
const begin = process.hrtime.bigint();
for (const name of process.argv.slice(2)) require(`/libraries/node_modules/${name}`);
process.stdout.write(`loaded ${process.hrtime.bigint() - begin}\n`);
