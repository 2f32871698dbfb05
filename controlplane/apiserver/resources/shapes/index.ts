/** The shapes of the served kinds, by package. */
import { AUTHENTICATION_V1, AUTHORIZATION_V1, AUTOSCALING_V1, COORDINATION_V1, DISCOVERY_V1, EVENTS_V1, RBAC_V1 } from './groups-v1';
import { CORE_V1, SERVICE_V1 } from './core-v1';
import { APIDISCOVERY_V2, DISCOVERY_META } from './discovery-v2';
import { META_V1 } from './meta-v1';
import { defineObjectMeta, defineShapes, findShape, shape, type Shape } from './parse';
import { POD_STATUS_V1, POD_V1 } from './pod-v1';
import { VOLUME_V1 } from './volume-v1';

export { completeShape, zeroShape } from './zero';
export { INT_OR_STRING, MICRO_TIME, QUANTITY, RAW, shapeOf, TIME, type Shape, type ShapeField } from './parse';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

defineShapes(META, META_V1, DISCOVERY_META);
defineObjectMeta(META);
defineShapes('io.k8s.api.core.v1', CORE_V1, SERVICE_V1, POD_V1, POD_STATUS_V1, VOLUME_V1);
defineShapes('io.k8s.api.coordination.v1', COORDINATION_V1);
defineShapes('io.k8s.api.discovery.v1', DISCOVERY_V1);
defineShapes('io.k8s.api.events.v1', EVENTS_V1);
defineShapes('io.k8s.api.rbac.v1', RBAC_V1);
defineShapes('io.k8s.api.authentication.v1', AUTHENTICATION_V1);
defineShapes('io.k8s.api.authorization.v1', AUTHORIZATION_V1);
defineShapes('io.k8s.api.autoscaling.v1', AUTOSCALING_V1);
for (const version of ['v2', 'v2beta1']) defineShapes(`io.k8s.api.apidiscovery.${version}`, APIDISCOVERY_V2);

/** Of `meta/v1`, such as `ListMeta`. @throws Error when there is none */
export const metaShape = (name: string): Shape => shape(`${META}.${name}`);

/** `('', 'v1', 'Namespace')`; undefined when there is none. */
export function findKindShape(group: string, version: string, kind: string): Shape | undefined {
  return findShape(`io.k8s.api.${group === '' ? 'core' : group.split('.')[0]}.${version}.${kind}`);
}

/** `('', 'v1', 'Namespace')`. @throws Error when there is none */
export function kindShape(group: string, version: string, kind: string): Shape {
  return shape(`io.k8s.api.${group === '' ? 'core' : group.split('.')[0]}.${version}.${kind}`);
}
