// SPDX-License-Identifier: GPL-2.0-only
// The service that is restarted: it says when it is there, and ends when it is told to.
'use strict';
const http = require('http');

process.on('SIGTERM', () => process.exit(0));
http.createServer((_, answer) => answer.end('ok\n')).listen(8080, () => console.log('ready'));
