/** Brings both servers to the same start: the definitions of the corpus and Gleaner's own are there and served. */
import { loadCrds } from '../../crds';
import { DEFINITIONS } from './definitions';
import { replay, type Target } from './replay';
import { get, post, type Step } from './step';

const DEFINITIONS_PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

interface Definition {
  metadata: { name: string };
  spec: { group: string; names: { plural: string }; versions: readonly { name: string; served: boolean }[] };
}

export async function prepare(target: Target): Promise<void> {
  const all: Definition[] = [...DEFINITIONS, ...loadCrds()];
  const steps: Step[] = all.flatMap((definition) => {
    const { name } = definition.metadata;
    const { group, names, versions } = definition.spec;
    const served = versions.filter(({ served }) => served);
    return [
      post(`make ${name}`, DEFINITIONS_PATH, definition),
      ...served.map((version) => get(`serve ${name} ${version.name}`, `/apis/${group}/${version.name}/${names.plural}`, { until: 200 })),
    ];
  });
  const answers = await replay(target, { name: 'prepare', steps });
  for (const [label, { code, body }] of answers) {
    if (code !== 200 && code !== 201 && code !== 409) throw new Error(`${target.url}: ${label}: ${code} ${JSON.stringify(body)}`);
  }
}
