// Writes the Job: one Task per part. Reads lines "sha256:…  FILE" (what `gleaner elements put` prints) from standard input.
// Usage: gleaner elements put parts/*.json | node manifest.mjs > job.yaml
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const parts = readFileSync(0, 'utf8').trim().split('\n').map((line) => line.split(/\s+/)[0]);
const script = readFileSync(join(import.meta.dirname, 'delays.py'), 'utf8');
const indent = (text, n) => text.trimEnd().split('\n').map((line) => (line === '' ? '' : ' '.repeat(n) + line)).join('\n');
console.log(`apiVersion: gleaner.dev/v1alpha1
kind: Job
metadata:
  name: flights
spec:
  runtime: python
  parameters:
    matrix:
      PART:
${parts.map((p) => `        - "${p}"`).join('\n')}
  template:
    timeout: 2m
    resources: {cpu: 500m, memory: 128Mi, scratch: 64Mi}
    inputs:
      - {name: part.json, element: $(PART)}
    program:
      script: |
${indent(script, 8)}`);
