/** Answers of the scale subresource, in the form that the client asked for: kubectl asks for a Table of it. */
import type { KubeObject } from '../../../crds/meta';
import { TYPES } from '../http/accept';
import { notAcceptable } from '../http/errors';
import { sendForm } from '../http/respond';
import { AGE } from '../resources/crd';
import type { PrinterColumn } from '../resources/resource';
import { partialMetadata, TableRenderer } from '../table/table';
import type { ApiContext, ResourceRequest } from './context';
import { includeObject } from './options';

export interface Scale extends KubeObject {
  kind: 'Scale';
  apiVersion: 'autoscaling/v1';
  spec: { replicas?: number };
  status: { replicas: number; selector?: string };
}

const count = (name: string, description: string, of: (scale: Scale) => number): PrinterColumn => ({ name, type: 'integer', description, cell: (object) => of(object as unknown as Scale) });
const TABLE = {
  nameColumn: true,
  columns: [count('Desired', 'Number of desired replicas', ({ spec }) => spec.replicas ?? 0), count('Available', 'Number of actual replicas', ({ status }) => status.replicas), AGE],
};

export function answerScale(context: ApiContext, request: ResourceRequest, scale: Scale): void {
  const { form, query } = request;
  switch (form.as) {
    case 'object':
      return sendForm(request, 200, scale);
    case 'Table': {
      const { resourceVersion } = scale.metadata;
      const metadata = resourceVersion === undefined ? {} : { resourceVersion };
      return sendForm(request, 200, new TableRenderer(TABLE, context.now).table([scale], includeObject(query), form.version, metadata));
    }
    case 'PartialObjectMetadata':
      return sendForm(request, 200, partialMetadata(scale, form.version));
    default:
      throw notAcceptable(TYPES);
  }
}
