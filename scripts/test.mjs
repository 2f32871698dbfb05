// Runs the named jest projects one after the other and ends with "N passed, N failed[, N skipped]" over all of them.
// Usage: node scripts/test.mjs unit|integration|docker|kubectl-current|e2e …  (exit code 1 when anything failed or a project ran no test)
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';

const projects = process.argv.slice(2);
const workers = { unit: '2', integration: '2', docker: '1', 'kubectl-current': '2', e2e: '1' };
if (projects.length === 0 || projects.some((p) => !(p in workers))) {
  console.error('usage: node scripts/test.mjs unit|integration|docker|kubectl-current|e2e …');
  process.exit(2);
}
mkdirSync('build/test', { recursive: true });

/** Why the newest kubectl is not here; '' when it is. */
function whyMissing() {
  const { status, stderr } = spawnSync('scripts/ensure-kube.sh', ['--find', '--only', 'kubectl-current'], { encoding: 'utf8' });
  return status === 0 ? '' : stderr.trim();
}

/** Runs one project. A process that does not end after its report is there is ended, and that is said: a test has left something open. */
async function run(project, out) {
  const args = ['node_modules/jest/bin/jest.js', '--selectProjects', project, '-w', workers[project], '--json', `--outputFile=${out}`, '--silent'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  let since = 0;
  const look = setInterval(() => {
    if (!existsSync(out)) return;
    since += 1;
    if (since !== 60) return;
    console.error(`${project}: the tests are over and their process goes on: something was left open; it is ended`);
    child.kill('SIGKILL');
  }, 1000);
  await ended;
  clearInterval(look);
}

/** The names of what was skipped, with their reasons: jest counts them only. */
function skipped(report) {
  const names = report.testResults.flatMap(({ assertionResults }) => assertionResults.filter(({ status }) => status === 'pending' || status === 'todo').map(({ ancestorTitles, title }) => ancestorTitles[0] ?? title));
  return [...new Set(names)];
}

const sum = { passed: 0, failed: 0, skipped: 0 };
for (const project of projects) {
  const out = `build/test/${project}.json`;
  rmSync(out, { force: true });
  console.log(`\n── ${project} tests`);
  const missing = project === 'kubectl-current' && process.env.REQUIRE_KUBE !== '1' && whyMissing();
  if (missing) {
    console.log(`${project}: skipped: ${missing}`);
    sum.skipped += 1;
    continue;
  }
  await run(project, out);
  let report;
  try {
    report = JSON.parse(readFileSync(out, 'utf8'));
  } catch {
    console.error(`${project}: jest wrote no report`);
    sum.failed += 1;
    continue;
  }
  const brokenSuites = report.testResults.filter((s) => s.status === 'failed' && s.assertionResults.length === 0).length;
  sum.passed += report.numPassedTests;
  sum.failed += report.numFailedTests + brokenSuites + (report.numTotalTests === 0 ? 1 : 0);
  sum.skipped += report.numPendingTests + report.numTodoTests;
  for (const name of skipped(report)) console.log(`${project}: skipped: ${name}`);
  console.log(`${project}: ${report.numPassedTests} passed, ${report.numFailedTests + brokenSuites} failed`);
}
console.log(`\n${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
process.exit(sum.failed > 0 ? 1 : 0);
