/** Which resources are served. Changes at run time; what is derived from it is cached by `revision`. */
import type { ResourceName } from '../../../crds/meta';
import { groupVersion, type Resource } from './resource';
import { compareVersions } from './version-order';

export class ResourceRegistry {
  readonly #byPath = new Map<string, Resource>();
  /** Its versions, the preferred one first. */
  readonly #byName = new Map<ResourceName, readonly Resource[]>();
  readonly #listeners = new Set<(gone: Resource) => void>();
  readonly #changes = new Set<() => void>();
  #all: readonly Resource[] | undefined;
  #revision = 0;

  constructor(resources: Iterable<Resource> = []) {
    for (const resource of resources) this.add(resource);
  }

  /** Rises with every change. */
  get revision(): number {
    return this.#revision;
  }

  /** Adds a resource of one version, or replaces the one of the same name. */
  add(resource: Resource): void {
    this.set(resource.name, [resource]);
  }

  /** Serves these versions, and no others, under `name`. */
  set(name: ResourceName, versions: readonly Resource[]): void {
    const before = this.#byName.get(name) ?? [];
    for (const resource of before) this.#byPath.delete(pathOf(resource));
    if (versions.length === 0) this.#byName.delete(name);
    else this.#byName.set(name, [...versions].sort((a, b) => compareVersions(b.version, a.version)));
    for (const resource of versions) this.#byPath.set(pathOf(resource), resource);
    this.changed();
    const gone = before.filter((resource) => !versions.includes(resource));
    for (const listener of this.#listeners) gone.forEach(listener);
  }

  remove(name: ResourceName): void {
    this.set(name, []);
  }

  /** What is derived from the resources is made anew. */
  changed(): void {
    this.#all = undefined;
    this.#revision++;
    for (const listener of this.#changes) listener();
  }

  /** Called after every change; must not throw. */
  onChange(listener: () => void): () => void {
    this.#changes.add(listener);
    return () => this.#changes.delete(listener);
  }

  /** Told of each resource that was removed or replaced. */
  onGone(listener: (gone: Resource) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** `gv`: `v1` or `group/version`. */
  find(gv: string, plural: string): Resource | undefined {
    return this.#byPath.get(`${gv}/${plural}`);
  }

  /** Its preferred version. */
  byName(name: ResourceName): Resource | undefined {
    return this.#byName.get(name)?.[0];
  }

  /** All versions of all resources. */
  all(): readonly Resource[] {
    return (this.#all ??= [...this.#byName.values()].flat());
  }

  /** Each resource once, in its preferred version. */
  preferred(): Resource[] {
    return [...this.#byName.values()].map(([first]) => first);
  }

  /** Group versions in the order of their group's first resource, the preferred version first: `v1`, `gleaner.dev/v1alpha1`, … */
  groupVersions(): string[] {
    const groups = new Map<string, Set<string>>();
    for (const { group, version } of this.all()) {
      const versions = groups.get(group);
      if (versions) versions.add(version);
      else groups.set(group, new Set([version]));
    }
    return [...groups].flatMap(([group, versions]) =>
      [...versions].sort((a, b) => compareVersions(b, a)).map((version) => groupVersion({ group, version })));
  }

  inGroupVersion(gv: string): Resource[] {
    return this.all().filter((resource) => groupVersion(resource) === gv);
  }
}

const pathOf = (resource: Resource): string => `${groupVersion(resource)}/${resource.plural}`;
