/** OpenAPI documents of resources: version 3 for one group version each, version 2 for everything at once. */
import type { Resource } from '../../resources/resource';
import type { JsonObject } from '../../schema/schema';
import { Definitions } from './definitions';
import { pathsOf, tagOf, type Content, type Operation, type Parameter } from './operations';

const TITLE = 'Gleaner';
const UNAUTHORIZED = { description: 'Unauthorized' };

/** What a body or an answer is, as a reference. */
function contentOf(definitions: Definitions, resource: Resource, content: Content): JsonObject {
  switch (content) {
    case 'object':
      return definitions.resource(resource);
    case 'list':
      return definitions.list(resource);
    case 'status':
      return definitions.meta('Status');
    case 'deleteOptions':
      return definitions.meta('DeleteOptions');
    case 'patch':
      return definitions.patch();
    default: {
      const { group, version, kind } = content;
      if (group === resource.group && version === resource.version && kind === resource.kind) return definitions.resource(resource);
      return definitions.kind(group, version, kind) ?? { type: 'string' };
    }
  }
}

const described = (operation: Operation, resource: Resource): object => ({
  tags: [tagOf(resource)],
  description: operation.description,
  operationId: operation.id,
});

const actionOf = ({ action, kind }: Operation): object => ({ 'x-kubernetes-action': action, 'x-kubernetes-group-version-kind': kind });

function parameter3({ name, in: where, type, description }: Parameter): object {
  return { name, in: where, description, ...(where === 'path' && { required: true }), schema: { type, uniqueItems: true } };
}

function operation3(definitions: Definitions, resource: Resource, operation: Operation): object {
  const { parameters, body, answers, answer, produces } = operation;
  const content = (types: readonly string[], what: Content): object => {
    const schema = contentOf(definitions, resource, what);
    return Object.fromEntries(types.map((type) => [type, { schema }]));
  };
  return {
    ...described(operation, resource),
    ...(parameters.length > 0 && { parameters: parameters.map(parameter3) }),
    ...(body && { requestBody: { content: content(body.types, body.content), ...(body.required && { required: true }) } }),
    responses: {
      ...Object.fromEntries(answers.map(({ code, description }) => [code, { description, content: content(produces, answer) }])),
      401: UNAUTHORIZED,
    },
    ...actionOf(operation),
  };
}

export function documentV3(resources: readonly Resource[], version: string): object {
  const definitions = new Definitions(3);
  const paths: Record<string, object> = {};
  for (const resource of resources) {
    for (const { path, parameters, operations } of pathsOf(resource)) {
      paths[path] = { ...Object.fromEntries(operations.map((each) => [each.method, operation3(definitions, resource, each)])), parameters: parameters.map(parameter3) };
    }
  }
  return {
    openapi: '3.0.0',
    info: { title: TITLE, version },
    paths,
    components: { schemas: definitions.all(), securitySchemes: { BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' } } },
    security: [{ BearerToken: [] }],
  };
}

function parameter2({ name, in: where, type, description }: Parameter): object {
  return { name, in: where, type, description, uniqueItems: true, ...(where === 'path' && { required: true }) };
}

function operation2(definitions: Definitions, resource: Resource, operation: Operation): object {
  const { parameters, body, answers, answer, produces } = operation;
  const schema = contentOf(definitions, resource, answer);
  const inBody = body && { name: 'body', in: 'body', ...(body.required && { required: true }), schema: contentOf(definitions, resource, body.content) };
  return {
    ...described(operation, resource),
    consumes: body?.types ?? ['*/*'],
    produces,
    schemes: ['https'],
    ...((inBody !== undefined || parameters.length > 0) && { parameters: [...(inBody ? [inBody] : []), ...parameters.map(parameter2)] }),
    responses: { ...Object.fromEntries(answers.map(({ code, description }) => [code, { description, schema }])), 401: UNAUTHORIZED },
    ...actionOf(operation),
  };
}

export interface SwaggerDocument {
  swagger: '2.0';
  info: { title: string; version: string };
  paths: Record<string, JsonObject>;
  definitions: Record<string, object>;
  securityDefinitions: object;
  security: readonly object[];
}

export function documentV2(resources: readonly Resource[], version: string): SwaggerDocument {
  const definitions = new Definitions(2);
  const paths: Record<string, JsonObject> = {};
  for (const resource of resources) {
    for (const { path, parameters, operations } of pathsOf(resource)) {
      paths[path] = { ...Object.fromEntries(operations.map((each) => [each.method, operation2(definitions, resource, each)])), parameters: parameters.map(parameter2) };
    }
  }
  return {
    swagger: '2.0',
    info: { title: TITLE, version },
    paths,
    definitions: definitions.all(),
    securityDefinitions: { BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' } },
    security: [{ BearerToken: [] }],
  };
}
