/**
 * Prints where the embedded server and a real kube-apiserver differ: `node build/js/test/differential/main.js [sequence…]`, with
 * KUBE_URL, KUBE_TOKEN and KUBE_CA (a file) naming the real one.
 */
import { readFileSync } from 'node:fs';

import { compare, show } from './compare';
import { CORPUS } from './corpus';
import { prepare } from './prepare';
import type { Target } from './replay';
import { startApiServer } from '../support/api-server';

async function main(names: readonly string[]): Promise<void> {
  const { KUBE_URL = '', KUBE_TOKEN = '', KUBE_CA = '' } = process.env;
  const real: Target = { url: KUBE_URL, adminToken: KUBE_TOKEN, caCertificate: readFileSync(KUBE_CA, 'utf8'), suffix: `-${process.pid}` };
  const embedded = await startApiServer();
  const ours: Target = { url: embedded.url, adminToken: embedded.token, caCertificate: embedded.caCertificate, suffix: real.suffix };
  try {
    await Promise.all([real, ours].map(prepare));
    let count = 0;
    for (const sequence of CORPUS.filter(({ name }) => names.length === 0 || names.some((wanted) => name.startsWith(wanted)))) {
      try {
        const { unknown } = await compare(real, ours, sequence);
        for (const found of unknown) process.stdout.write(`${show(found)}\n`);
        count += unknown.length;
      } catch (error) {
        process.stdout.write(`${sequence.name}: ${(error as Error).message}\n`);
        count += 1;
      }
    }
    process.stdout.write(`${count} differences\n`);
  } finally {
    await embedded.stop();
  }
}

void main(process.argv.slice(2));
