/** Reads the generated CustomResourceDefinitions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type KubeObject, ACCOUNTS, AGENTS, JOBS, RATE_TIERS, RUNTIMES, TASKS } from './meta';
import { PACKAGE_ROOT } from './package-info';

export const GENERATED_DIR = join(PACKAGE_ROOT, 'crds', 'generated');

/** A CustomResourceDefinition v1 as far as it is the same for all readers. */
export interface CustomResourceDefinition extends KubeObject {
  spec: {
    group: string;
    names: { kind: string; listKind: string; plural: string; singular: string; shortNames?: string[]; categories?: string[] };
    scope: 'Namespaced' | 'Cluster';
    versions: {
      name: string;
      served: boolean;
      storage: boolean;
      additionalPrinterColumns?: { name: string; type: string; jsonPath: string; description?: string; priority?: number }[];
      subresources?: { status?: object; scale?: { specReplicasPath: string; statusReplicasPath: string } };
      schema: { openAPIV3Schema: { [keyword: string]: unknown } };
    }[];
  };
}

/** All of Gleaner's CustomResourceDefinitions. Throws when a file is missing or no YAML: the installation is broken. */
export const loadCrds = (): CustomResourceDefinition[] =>
  [JOBS, TASKS, AGENTS, RATE_TIERS, RUNTIMES, ACCOUNTS].map((name) =>
    parse(readFileSync(join(GENERATED_DIR, `${name}.yaml`), 'utf8')) as CustomResourceDefinition);
