/** Gleaner's own resources, good and bad: a cluster says of them what the embedded server says. Nothing is written. */
import { RESOURCES } from '../../../crds';
import { MANIFESTS, type ManifestCase } from '../../fixtures/manifests/table';
import { parse } from 'yaml';
import { post, postYaml, type Sequence, type Step } from '../step';

function step({ name, manifest }: ManifestCase): Step {
  const { kind } = (typeof manifest === 'string' ? parse(manifest, { uniqueKeys: false }) : manifest) as { kind: string };
  const resource = RESOURCES.find((each) => each.kind === kind);
  const at = resource?.scope === 'Namespaced' ? 'namespaces/default/' : '';
  const path = `/apis/gleaner.dev/v1alpha1/${at}${resource?.plural ?? 'nothings'}?fieldValidation=Strict&dryRun=All`;
  return typeof manifest === 'string' ? postYaml(name, path, manifest) : post(name, path, manifest);
}

export const MANIFEST_SEQUENCES: Sequence[] = [{ name: 'manifests', steps: MANIFESTS.filter(({ old }) => old === undefined).map(step) }];
