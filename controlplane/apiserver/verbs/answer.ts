/** Answers of one object, in the form that the client asked for. */
import type { KubeObject } from '../../../crds/meta';
import { writtenMessage } from '../codec/to-protobuf';
import { TYPES, type AnswerForm } from '../http/accept';
import { notAcceptable } from '../http/errors';
import { sendForm } from '../http/respond';
import { groupVersion, type Resource } from '../resources/resource';
import { partialMetadata } from '../table/table';
import type { ApiContext, ResourceRequest } from './context';
import { includeObject } from './options';

/** Whether answers about this resource come in that form: custom resources have no messages of protobuf, their metadata have. */
export const isWritten = (resource: Resource, { as, protobuf }: AnswerForm): boolean => !protobuf || as !== 'object' || writtenMessage(groupVersion(resource), resource.kind) !== undefined;

export function answerObject(context: ApiContext, request: ResourceRequest, code: number, object: KubeObject): void {
  const { form, resource, query } = request;
  switch (form.as) {
    case 'object':
      return sendForm(request, code, context.encoder.encode(object));
    case 'Table': {
      const { resourceVersion } = object.metadata;
      const metadata = resourceVersion === undefined ? {} : { resourceVersion };
      return sendForm(request, code, context.renderer(resource).table([object], includeObject(query), form.version, metadata));
    }
    case 'PartialObjectMetadata':
      return sendForm(request, code, partialMetadata(object, form.version));
    default:
      throw notAcceptable(TYPES);
  }
}
