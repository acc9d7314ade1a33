// SPDX-License-Identifier: GPL-2.0-only
// A function: SOCKET MILLISECONDS. It listens, does for so long nothing when it is called, answers, and ends.
'use strict';
const http = require('http');
const [socket, ms] = process.argv.slice(2);

const server = (_, answer) => setTimeout(() => answer.end('done\n', () => process.exit(0)), Number(ms));
http.createServer(server).listen(8080, () => http.createServer(server).listen(socket));
