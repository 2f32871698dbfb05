// Adds up the results of all parts and shows the airports with the longest mean delay; with --check also computes the
// same from the parts in this one process and compares every number (exit code 1 when one differs).
// Usage: node combine.mjs RESULTS_DIR [--check PARTS_DIR]
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [resultsDir, flag, partsDir] = process.argv.slice(2);
if (!resultsDir || (flag !== undefined && (flag !== '--check' || !partsDir))) {
  console.error('usage: node combine.mjs RESULTS_DIR [--check PARTS_DIR]');
  process.exit(2);
}
const total = new Map();
const add = (origin, s) => {
  const t = total.get(origin) ?? { flights: 0, delaySum: 0, late: 0, worst: -Infinity };
  total.set(origin, {
    flights: t.flights + s.flights,
    delaySum: t.delaySum + s.delaySum,
    late: t.late + s.late,
    worst: Math.max(t.worst, s.worst),
  });
};
const indexes = readdirSync(resultsDir);
for (const index of indexes) {
  const stats = JSON.parse(readFileSync(join(resultsDir, index, 'result.json'), 'utf8'));
  for (const [origin, s] of Object.entries(stats)) add(origin, s);
}

const rows = [...total].map(([origin, s]) => ({ origin, ...s, mean: s.delaySum / s.flights })).filter((r) => r.flights >= 50);
rows.sort((a, b) => b.mean - a.mean);
console.log('AIRPORT  FLIGHTS  MEAN DELAY  LATE >15 MIN  WORST');
for (const r of rows.slice(0, 10)) {
  console.log([
    r.origin.padEnd(8),
    String(r.flights).padStart(6),
    `${r.mean.toFixed(1)} min`.padStart(11),
    `${((100 * r.late) / r.flights).toFixed(1)} %`.padStart(13),
    `${r.worst} min`.padStart(9),
  ].join(' '));
}
const flights = [...total.values()].reduce((sum, s) => sum + s.flights, 0);
console.log(`${flights} flights from ${total.size} airports, out of ${indexes.length} tasks`);

if (partsDir) {
  const plain = new Map();
  for (const file of readdirSync(partsDir)) {
    for (const { origin, delay } of JSON.parse(readFileSync(join(partsDir, file), 'utf8'))) {
      const s = plain.get(origin) ?? { flights: 0, delaySum: 0, late: 0, worst: -Infinity };
      plain.set(origin, { flights: s.flights + 1, delaySum: s.delaySum + delay, late: s.late + (delay > 15 ? 1 : 0), worst: Math.max(s.worst, delay) });
    }
  }
  const sorted = (map) => JSON.stringify([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
  if (sorted(plain) !== sorted(total)) {
    console.error('check: DIFFERENT from a plain single-process computation');
    process.exit(1);
  }
  console.log('check: equal to a plain single-process computation');
}
