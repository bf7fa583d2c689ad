#!/usr/bin/env node
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const program = join(__dirname, '..', '..', 'dist', 'pikelet.cjs');
if (existsSync(program)) require(program);
else {
  process.stderr.write('error: pikelet is not built yet: run `npm run up` first (or `npm run build`)\n');
  process.exitCode = 1;
}
