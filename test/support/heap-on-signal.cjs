// Loaded into a server under test (NODE_OPTIONS=--require): on SIGUSR2 it collects garbage and prints `heap <bytes> rss <bytes>`.
'use strict';
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => {
  collect();
  setImmediate(() => {
    collect();
    const { heapUsed, rss } = process.memoryUsage();
    process.stdout.write(`heap ${heapUsed} rss ${rss}\n`);
  });
});
