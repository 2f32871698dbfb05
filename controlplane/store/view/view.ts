/** Another form of stored objects: another version of their API, under a resource name of its own. */
import type { KubeObject, ResourceName } from '../../../crds/meta';

export interface View {
  resource: ResourceName;
  /** What is stored. */
  source: ResourceName;
  kind: string;
  apiVersion: string;
  /** Both must be pure; the metadata of both forms is the same. */
  toView: (object: KubeObject) => KubeObject;
  toSource: (object: KubeObject) => KubeObject;
  /** Where a field of the view is in what is stored. */
  fieldPath: (path: string) => string;
}
