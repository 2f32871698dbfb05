/** gleaner_objects: how many objects there are, counted when somebody asks. */
import { Gauge, type Registry } from 'prom-client';
import type { KubeObject, ResourceName } from '../../crds/meta';
import type { Reflector } from './runtime/reflector';

/** @param phaseOf `''` for resources without one; few values: each is a time series. */
export interface CountedResource {
  resource: ResourceName;
  reflector: { values(): Iterable<KubeObject> };
  phaseOf: (object: KubeObject) => string;
}

export function counted<T extends KubeObject>(resource: ResourceName, reflector: Reflector<T>, phaseOf: (object: T) => string): CountedResource {
  return { resource, reflector, phaseOf: (object) => phaseOf(object as T) };
}

export function objectMetrics(registry: Registry, resources: readonly CountedResource[]): void {
  void new Gauge({
    name: 'gleaner_objects',
    help: 'Objects in the store by resource and phase',
    labelNames: ['resource', 'phase'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { resource, reflector, phaseOf } of resources) {
        const counts = new Map<string, number>();
        for (const object of reflector.values()) {
          const phase = phaseOf(object);
          counts.set(phase, (counts.get(phase) ?? 0) + 1);
        }
        for (const [phase, count] of counts) this.set({ resource, phase }, count);
      }
    },
  });
}
