/**
 * What functions of `test/cmd` need that is not served here, and what takes its place: everything else of them stays as it is.
 *
 * | theirs | here |
 * |---|---|
 * | Pod, Deployment in files | PodTemplate with the same containers |
 * | Service, PersistentVolumeClaim in files | Secret, ConfigMap |
 * | `pods`, `pod/…` in command lines | `podtemplates`, `podtemplate/…` |
 * | Deployments to wait for, CronJobs with events | custom resources of the same names |
 * | the kinds that `--prune` looks for | `--prune-allowlist` |
 * | a namespace without `kube-root-ca.crt` | a field selector that leaves it out |
 * | ConfigMaps in a Table, compressed | in JSON: the Table is below the 128 KiB from which on a kube-apiserver compresses, too |
 * | the name of their CA, 401 without credentials | Gleaner's CA, 403 of `system:anonymous` |
 * | a CertificateSigningRequest | left out |
 *
 * Every edit must find its place: another version of the suite fails here, not silently.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseAllDocuments, stringify } from 'yaml';

import { EDITS, type Edit } from './edits';

interface Manifest {
  kind: string;
  metadata: { labels?: object };
  spec?: { template?: object; clusterIP?: string };
  items?: Manifest[];
}

const FILES = [
  'hack/testdata/pod.yaml', 'hack/testdata/pod-apply.yaml', 'hack/testdata/pod-changed.yaml', 'hack/testdata/invalid-pod.yaml',
  'hack/testdata/null-propagation/deployment-null.yml', 'hack/testdata/service-revision1.yaml', 'hack/testdata/service-revision2.yaml',
  'hack/testdata/list.yaml', 'hack/testdata/multi-resource-1.yaml', 'hack/testdata/multi-resource-3.yaml', 'hack/testdata/kustomize/deployment.yaml', 'hack/testdata/kustomize/service.yaml',
  'test/fixtures/doc-yaml/admin/limitrange/valid-pod.yaml', 'test/fixtures/doc-yaml/user-guide/multi-pod.yaml',
];
const FOLDERS = ['hack/testdata/filter', 'hack/testdata/prune', 'hack/testdata/prune-reap', 'hack/testdata/sorted-pods', 'hack/testdata/diff'];

/** @param root of the copy */
export function useStandIns(root: string): void {
  for (const file of [...FILES, ...FOLDERS.flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))]) {
    const path = join(root, file);
    const manifests = parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS() as Manifest | null).filter((each) => each !== null);
    writeFileSync(path, manifests.map((each) => stringify(standIn(each), { aliasDuplicateObjects: false })).join('---\n'));
  }
  for (const edit of EDITS) {
    const path = join(root, edit.file);
    writeFileSync(path, edited(readFileSync(path, 'utf8'), edit));
  }
}

function standIn(manifest: Manifest): object {
  const { kind, metadata, spec, items } = manifest;
  switch (kind) {
    case 'List':
      return { ...manifest, items: items?.map(standIn) };
    case 'Pod':
      return { apiVersion: 'v1', kind: 'PodTemplate', metadata, template: { metadata: { labels: metadata.labels ?? {} }, spec } };
    case 'Deployment':
      return { apiVersion: 'v1', kind: 'PodTemplate', metadata, template: spec?.template };
    case 'PersistentVolumeClaim':
      return { apiVersion: 'v1', kind: 'ConfigMap', metadata };
    case 'Service':
      // Its type cannot be changed, as an address of a Service cannot.
      return { apiVersion: 'v1', kind: 'Secret', metadata, type: spec?.clusterIP === '10.0.0.12' ? 'example.com/other' : 'Opaque' };
    default:
      return manifest;
  }
}

/** @throws Error when a cut or a replacement finds nothing */
function edited(text: string, { file, cuts = [], replacements = [] }: Edit): string {
  for (const [from, to] of cuts) {
    const start = text.indexOf(from);
    const end = start < 0 ? -1 : text.indexOf(to, start);
    if (end < 0) throw new Error(`${file}: nothing to cut from ${JSON.stringify(from)} to ${JSON.stringify(to)}`);
    text = text.slice(0, start) + text.slice(end);
  }
  for (const [what, by] of replacements) {
    // In what takes the place of a text, $ means nothing.
    const next = typeof what === 'string' ? text.replaceAll(what, () => by) : text.replaceAll(what, by);
    if (next === text) throw new Error(`${file}: nothing to replace: ${String(what)}`);
    text = next;
  }
  return text;
}
