// Makes tests use kubectl-current, the newest kubectl (scripts/ensure-kube.sh).
const { execFileSync } = require('node:child_process');
const { join, resolve } = require('node:path');

const folder = execFileSync(resolve('scripts/ensure-kube.sh'), ['--find', '--only', 'kubectl-current'], { encoding: 'utf8' }).trim();
process.env.KUBECTL = join(folder, 'current', 'kubectl');
