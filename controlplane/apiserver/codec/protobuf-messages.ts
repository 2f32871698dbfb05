/** The messages that may be sent in protobuf: the shapes of the served kinds, by their field numbers. Made when first needed. */
import { findKindShape, metaShape, type Shape, type ShapeField } from '../resources/shapes';
import { definitionMessage } from './protobuf-definitions';

export type FieldType = Exclude<ShapeField['of'], Shape> | 'double';

export interface Field {
  /** '' of a field whose own fields belong to the message that it is in. */
  name: string;
  type: FieldType | Shape;
  form: ShapeField['form'];
  /** Of a field without a name. */
  inner?: Map<number, Field>;
  /** Of a message that is no shape. */
  message?: () => Message;
  /** Go always writes it, and false or 0 means that nothing was said. */
  unsaid?: boolean;
}

/** Field number → field. */
export type Message = ReadonlyMap<number, Field>;

const messages = new WeakMap<Shape, Message>();

export function messageOf(shape: Shape): Message {
  let message = messages.get(shape);
  if (!message) {
    const made = new Map<number, Field>();
    for (const { name, path, of, form } of shape.fields) place(made, path, { name, type: of, form });
    messages.set(shape, (message = made));
  }
  return message;
}

function place(message: Map<number, Field>, [number, ...rest]: readonly number[], field: Field): void {
  if (rest.length === 0) {
    message.set(number, field);
    return;
  }
  let outer = message.get(number);
  if (!outer) message.set(number, (outer = { name: '', type: 'raw', form: 'one', inner: new Map() }));
  place(outer.inner!, rest, field);
}

/** Of meta/v1 itself, in whatever group version it is sent. */
const META_KINDS = new Set(['DeleteOptions', 'Status']);

/** The message of an object of this kind; undefined when it is none that is known here. */
export function messageOfKind(apiVersion: string, kind: string): Message | undefined {
  if (apiVersion === 'apiextensions.k8s.io/v1' && kind === 'CustomResourceDefinition') return definitionMessage();
  const slash = apiVersion.indexOf('/');
  const shape = META_KINDS.has(kind) ? metaShape(kind) : findKindShape(slash < 0 ? '' : apiVersion.slice(0, slash), apiVersion.slice(slash + 1), kind);
  return shape && messageOf(shape);
}
