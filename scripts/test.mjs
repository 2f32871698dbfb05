// Runs the named jest projects one after the other and ends with "N passed, N failed[, N skipped]" over all of them.
// Usage: node scripts/test.mjs unit|integration|docker|kubectl-current|e2e …  (exit code 1 when anything failed or a project ran no test)
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';

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
  spawnSync(
    process.execPath,
    ['node_modules/jest/bin/jest.js', '--selectProjects', project, '-w', workers[project], '--json', `--outputFile=${out}`, '--silent'],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
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
  console.log(`${project}: ${report.numPassedTests} passed, ${report.numFailedTests + brokenSuites} failed`);
}
console.log(`\n${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
process.exit(sum.failed > 0 ? 1 : 0);
