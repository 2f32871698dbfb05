/** Which resources are served. May change at run time; what is derived from it is cached by `revision`. */
import type { ResourceName } from '../../../crds/meta';
import { groupVersion, type Resource } from './resource';

export class ResourceRegistry {
  readonly #byPath = new Map<string, Resource>();
  readonly #byName = new Map<ResourceName, Resource>();
  #revision = 0;

  constructor(resources: Iterable<Resource> = []) {
    for (const resource of resources) this.add(resource);
  }

  /** Rises with every change. */
  get revision(): number {
    return this.#revision;
  }

  /** Adds a resource, or replaces the one of the same name. */
  add(resource: Resource): void {
    this.#byName.set(resource.name, resource);
    this.#byPath.set(`${groupVersion(resource)}/${resource.plural}`, resource);
    this.#revision++;
  }

  /** `gv`: `v1` or `group/version`. */
  find(gv: string, plural: string): Resource | undefined {
    return this.#byPath.get(`${gv}/${plural}`);
  }

  byName(name: ResourceName): Resource | undefined {
    return this.#byName.get(name);
  }

  all(): Resource[] {
    return [...this.#byName.values()];
  }

  /** Group versions in the order of their first resource: `v1`, `gleaner.dev/v1alpha1`, … */
  groupVersions(): string[] {
    return [...new Set(this.all().map(groupVersion))];
  }

  inGroupVersion(gv: string): Resource[] {
    return this.all().filter((resource) => groupVersion(resource) === gv);
  }
}
