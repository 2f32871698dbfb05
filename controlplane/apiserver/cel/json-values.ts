/** JSON under a structural schema as CEL values, converted only where a rule looks. */
import { sameJson } from '../../../crds/schema/same-json';
import { isInteger, isObject, own, type JsonObject, type Schema } from '../schema/schema';
import { equal } from './equality';
import { escapeName, unescapeName } from './names';
import { parseDate, parseFormatDuration, parseTimestamp } from './time';
import { withTypeAndMeta } from './declare';
import { CelError, Duration, ListValue, MapValue, NO_OVERLOAD, Preserved, type Result, type Value } from './values';

/** Never throws: what does not fit the schema is an error value. */
export function fromJson(json: unknown, schema: Schema): Result {
  if (json === null || json === undefined) return schema.nullable ? null : new CelError('invalid data, got null for schema with nullable=false');
  if (schema['x-kubernetes-int-or-string']) {
    if (typeof json === 'string') return json;
    return isInteger(json) ? BigInt(json) : new CelError('invalid data, expected XIntOrString value to be either a string or integer');
  }
  switch (schema.type) {
    case 'object':
      return isObject(json) ? new JsonMap(json, schema) : new CelError('invalid data, expected a map for the provided schema with type=object');
    case 'array':
      if (!Array.isArray(json)) return new CelError('invalid data, expected an array for the provided schema with type=array');
      return schema.items ? new JsonList(json, schema, schema.items) : new CelError('invalid array type, expected Items with a non-empty Schema');
    case 'string':
      return typeof json === 'string' ? fromText(json, schema.format) : new CelError(`invalid data, expected string, got ${goType(json)}`);
    case 'number':
      return typeof json === 'number' ? json : new CelError(`invalid data, expected float, got ${goType(json)}`);
    case 'integer':
      return isInteger(json) ? BigInt(json) : new CelError(`invalid data, expected int, got ${goType(json)}`);
    case 'boolean':
      return typeof json === 'boolean' ? json : new CelError(`invalid data, expected bool, got ${goType(json)}`);
    case undefined:
      if (schema['x-kubernetes-preserve-unknown-fields']) return new Preserved(json);
      return new CelError('invalid type, expected object, array, number, integer, boolean or string, or no type with x-kubernetes-int-or-string or x-kubernetes-preserve-unknown-fields is true, got ');
    default:
      return schema.type satisfies never;
  }
}

function goType(json: unknown): string {
  if (typeof json === 'number') return isInteger(json) ? 'int64' : 'float64';
  if (typeof json === 'boolean') return 'bool';
  return typeof json === 'string' ? 'string' : Array.isArray(json) ? '[]interface {}' : 'map[string]interface {}';
}

function fromText(text: string, format: string | undefined): Result {
  switch (format) {
    case 'duration': {
      const nanos = parseFormatDuration(text);
      return nanos === undefined ? new CelError(`Invalid duration ${text}: unable to parse ${text} as duration`) : new Duration(nanos);
    }
    case 'date':
      return parseDate(text);
    case 'date-time': {
      const time = parseTimestamp(text);
      return time instanceof CelError ? new CelError(`Invalid date-time formatted string ${text}: ${time.message}`) : time;
    }
    case 'byte':
      return Uint8Array.from(Buffer.from(text, 'base64'));
    default:
      return text;
  }
}

/** An object with properties (read by escaped name, a null counts as absent) or a map (read by key). */
export class JsonMap extends MapValue {
  override readonly strict = true;
  readonly #schema: Schema;
  readonly #isObject: boolean;

  constructor(
    readonly json: JsonObject,
    schema: Schema,
  ) {
    super();
    this.#schema = schema['x-kubernetes-embedded-resource'] ? withTypeAndMeta(schema) : schema;
    this.#isObject = !isObject(schema.additionalProperties);
  }

  get size(): number {
    return this.keys().length;
  }

  override get holdsNull(): boolean {
    return this.#isObject && Object.keys(this.json).some((name) => this.json[name] === null && this.#schemaOf(name) !== undefined);
  }

  get(key: Value): Result | undefined {
    if (typeof key !== 'string') return NO_OVERLOAD;
    const name = this.#isObject ? unescapeName(key) : key;
    if (name === undefined) return undefined;
    const value = own(this.json, name);
    if (value === undefined || (this.#isObject && value === null)) return undefined;
    const schema = this.#schemaOf(name);
    return schema && fromJson(value, schema);
  }

  #schemaOf(name: string): Schema | undefined {
    const { additionalProperties } = this.#schema;
    return own(this.#schema.properties, name) ?? (isObject(additionalProperties) ? (additionalProperties as Schema) : undefined);
  }

  keys(): Value[] {
    const names = Object.keys(this.json).filter((name) => this.json[name] !== undefined && this.#schemaOf(name) !== undefined);
    if (!this.#isObject) return names;
    return names.filter((name) => this.json[name] !== null).flatMap((name) => escapeName(name) ?? []);
  }
}

/** Lists of type set and map are equal when they hold the same in any order, and `+` joins them without doubles. */
export class JsonList extends ListValue {
  override readonly strict = true;
  constructor(
    readonly json: readonly unknown[],
    private readonly schema: Schema,
    private readonly items: Schema,
  ) {
    super();
  }

  get length(): number {
    return this.json.length;
  }

  at(index: number): Result {
    return fromJson(this.json[index], this.items);
  }

  /** What tells items apart; undefined: their place. */
  identity(item: unknown): string | undefined {
    switch (this.schema['x-kubernetes-list-type']) {
      case 'set':
        return JSON.stringify(item);
      case 'map':
        return JSON.stringify((this.schema['x-kubernetes-list-map-keys'] ?? []).map((key) => (isObject(item) ? own(item, key) : undefined)));
      case 'atomic':
      case undefined:
        return undefined;
      default:
        return this.schema['x-kubernetes-list-type'] satisfies never;
    }
  }

  override sameAs(other: ListValue): Result | undefined {
    const listType = this.schema['x-kubernetes-list-type'];
    if (listType !== 'set' && listType !== 'map') return undefined;
    if (other.length !== this.length) return false;
    if (!(other instanceof JsonList)) return listType === 'set' ? this.#holdsAll(other) : undefined;
    const mine = new Map(this.json.map((item) => [this.identity(item), item]));
    for (const item of other.json) {
      const id = this.identity(item);
      if (!mine.has(id)) return false;
      if (listType === 'map' && !sameJson(mine.get(id), item)) return false;
    }
    return true;
  }

  #holdsAll(other: ListValue): Result {
    for (let i = 0; i < other.length; i++) {
      const wanted = other.at(i);
      if (wanted instanceof CelError) return wanted;
      const found = this.json.some((_, index) => {
        const mine = this.at(index);
        return !(mine instanceof CelError) && equal(mine, wanted) === true;
      });
      if (!found) return false;
    }
    return true;
  }

  #union(other: ListValue): Result {
    const joined = [...this.json];
    for (let i = 0; i < other.length; i++) {
      const item = other.at(i);
      if (item instanceof CelError) return item;
      const json = typeof item === 'bigint' ? Number(item) : item;
      if (!['string', 'number', 'boolean'].includes(typeof json)) return super.concat(other);
      if (!joined.includes(json)) joined.push(json);
    }
    return new JsonList(joined, this.schema, this.items);
  }

  override concat(other: ListValue): Result {
    if (!(other instanceof JsonList)) return this.schema['x-kubernetes-list-type'] === 'set' ? this.#union(other) : super.concat(other);
    if (this.identity(null) === undefined) return super.concat(other);
    const joined = [...this.json];
    const places = new Map(joined.map((item, index) => [this.identity(item), index]));
    for (const item of other.json) {
      const place = places.get(this.identity(item));
      if (place === undefined) joined.push(item);
      else if (this.schema['x-kubernetes-list-type'] === 'map') joined[place] = item;
    }
    return new JsonList(joined, this.schema, this.items);
  }
}
