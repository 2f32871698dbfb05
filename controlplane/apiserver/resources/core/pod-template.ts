/** PodTemplates: kept for tools that use them; nothing is run from them. */
import { isObject, type JsonObject } from '../../schema/schema';
import { at, cell, formatLabels, listOf, textOf } from './cells';
import { core } from './define';
import { completePodSpec, podSpecErrors } from './pod-spec';

const joined = (template: JsonObject, field: string): string => listOf(at(template, 'template.spec.containers')).map((each) => textOf(each[field])).join(',');

function prepare(podTemplate: JsonObject): void {
  const template = isObject(podTemplate.template) ? podTemplate.template : {};
  const metadata = isObject(template.metadata) ? template.metadata : {};
  podTemplate.template = { ...template, metadata: { creationTimestamp: null, ...metadata }, spec: completePodSpec(isObject(template.spec) ? template.spec : {}) };
}

export const POD_TEMPLATE = core({
  group: '', version: 'v1', plural: 'podtemplates', singular: 'podtemplate', kind: 'PodTemplate', shortNames: [], namespaced: true,
  description: 'PodTemplate describes a template for creating copies of a predefined pod.',
  columns: [
    cell('Containers', (template) => joined(template, 'name'), 'Names of each container in the template.'),
    cell('Images', (template) => joined(template, 'image'), 'Images referenced by each container in the template.'),
    cell('Pod Labels', (template) => formatLabels(at(template, 'template.metadata.labels')), 'The labels for the pod template.'),
  ],
  strategy: { answersDeleted: true, prepare, validate: (template) => podSpecErrors(at(template, 'template.spec') as JsonObject, 'template.spec') },
});
