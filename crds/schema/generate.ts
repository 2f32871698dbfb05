/**
 * Writes crds/generated/<plural>.gleaner.dev.yaml from the classes; `--check` only compares and exits with 1 when one differs.
 * Run by `make generate` and `make verify`.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { GENERATED_DIR } from '../load-crds';
import { GROUP, VERSION } from '../meta';
import { type ResourceInfo, RESOURCES } from '../resources';
import { SchemaMaker } from './openapi';
import { classInfo, type JsonSchema } from './registry';

/** The CustomResourceDefinition of a resource as a plain object. */
export function customResourceDefinition(resource: ResourceInfo, maker = new SchemaMaker()): object {
  const { columns } = classInfo(resource.class);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: resource.name },
    spec: {
      group: GROUP,
      names: {
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        plural: resource.plural,
        singular: resource.singular,
        shortNames: resource.shortNames,
        categories: ['gleaner'],
      },
      scope: resource.scope,
      versions: [{
        name: VERSION,
        served: true,
        storage: true,
        additionalPrinterColumns: columns,
        ...(resource.status ? { subresources: { status: {}, ...(resource.scale ? { scale: resource.scale } : {}) } } : {}),
        schema: { openAPIV3Schema: rootSchema(resource, maker) },
      }],
    },
  };
}

function rootSchema(resource: ResourceInfo, maker: SchemaMaker): JsonSchema {
  const { properties, required: _required, ...root } = maker.of(resource.class);
  return {
    ...root,
    ...(properties?.['spec']?.default === undefined ? { required: ['spec'] } : {}),
    properties: {
      apiVersion: { type: 'string', description: 'Group and version of the object: gleaner.dev/v1alpha1.' },
      kind: { type: 'string', description: `Kind of the object: ${resource.kind}.` },
      metadata: { type: 'object', ...(resource.kind === 'Job' ? { properties: { name: { type: 'string' } } } : {}) },
      ...properties,
    },
  };
}

/** File name → text. */
export function generatedFiles(): Map<string, string> {
  const maker = new SchemaMaker();
  return new Map(RESOURCES.map((resource) => [
    `${resource.name}.yaml`,
    `# Generated from crds/*.ts by \`make generate\`: change the classes, not this file.\n${stringify(customResourceDefinition(resource, maker), { lineWidth: 0, aliasDuplicateObjects: false })}`,
  ]));
}

function main(check: boolean): number {
  mkdirSync(GENERATED_DIR, { recursive: true });
  let differing = 0;
  for (const [name, text] of generatedFiles()) {
    const path = join(GENERATED_DIR, name);
    if (!check) {
      writeFileSync(path, text);
      continue;
    }
    if (readText(path) === text) continue;
    differing += 1;
    process.stderr.write(`crds/generated/${name} differs from the classes: run \`make generate\` and commit it\n`);
  }
  return differing === 0 ? 0 : 1;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

if (require.main === module) process.exitCode = main(process.argv.includes('--check'));
