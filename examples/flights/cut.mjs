// Cuts the flight records of the npm package vega-datasets (US domestic flights, January to March 2001) into N parts.
// Usage: node cut.mjs OUT_DIR PARTS   → OUT_DIR/part-<i>.json
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [outDir, partsText] = process.argv.slice(2);
const parts = Number(partsText);
if (!outDir || !Number.isInteger(parts) || parts < 1 || parts > 1000) {
  console.error('usage: node cut.mjs OUT_DIR PARTS(1..1000)');
  process.exit(2);
}
const source = join(import.meta.dirname, '../../node_modules/vega-datasets/data/flights-20k.json');
const flights = JSON.parse(readFileSync(source, 'utf8'));
mkdirSync(outDir, { recursive: true });
const size = Math.ceil(flights.length / parts);
for (let i = 0; i < parts; i += 1) {
  writeFileSync(join(outDir, `part-${i}.json`), JSON.stringify(flights.slice(i * size, (i + 1) * size)));
}
console.error(`${flights.length} flights in ${parts} parts`);
