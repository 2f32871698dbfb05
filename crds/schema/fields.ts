/** Field types: each is class-validator decorators, the schema that follows from them, and a bound. */
import {
  ArrayMaxSize, ArrayMinSize, IsArray, IsBoolean, IsIn, IsInt, IsNumber, IsObject, IsString, Max, MaxLength, Min, MinLength, ValidateBy,
  ValidateNested,
} from 'class-validator';
import { type Class, fieldInfo, type JsonSchema, type Rule } from './registry';

/** Name under which class-validator and class-validator-jsonschema know the validators made by `format`. */
export const FORMAT = 'gleanerFormat';

const all = (...decorators: PropertyDecorator[]): PropertyDecorator => (target, name) => {
  for (const decorate of decorators) decorate(target, name);
};
const schema = (extra: JsonSchema): PropertyDecorator => (target, name) => {
  Object.assign(fieldInfo(target, name).schema, extra);
};

/** A value with a grammar of its own. The message says what must be instead. */
export function format(base: JsonSchema, rule: Omit<Rule<unknown>, 'holds'> & { holds(value: unknown): boolean }): PropertyDecorator {
  const validator = { name: FORMAT, constraints: [base], validator: { validate: rule.holds, defaultMessage: () => rule.message } };
  return all(
    ValidateBy(validator),
    ...(base.type === 'string' ? [IsString({ message: 'must be of type string' })] : []),
    (target, name) => {
      if (rule.cel !== '') fieldInfo(target, name).rules.push(rule);
    },
  );
}

/** A rule for each text of a list, beside TextList. */
export const EachText = (rule: Omit<Rule<unknown>, 'holds'> & { holds(value: unknown): boolean }): PropertyDecorator => (target, name) => {
  fieldInfo(target, name).itemRules.push(rule);
};

/** Text of at most `max` characters. */
export const Text = (max: number, min = 0): PropertyDecorator => all(
  IsString({ message: 'must be of type string' }),
  MaxLength(max, { message: `may not be more than ${max} characters` }),
  ...(min > 0 ? [MinLength(min, { message: `should be at least ${min} chars long` })] : []),
);

/** One of a few words. */
export const OneOf = (...values: string[]): PropertyDecorator =>
  all(IsIn(values, { message: `supported values: ${values.map((value) => JSON.stringify(value)).join(', ')}` }), schema({ type: 'string' }));

export const Bool = (): PropertyDecorator => IsBoolean({ message: 'must be of type boolean' });

export const Int = (min: number, max: number): PropertyDecorator => all(
  IsInt({ message: 'must be of type integer' }),
  Min(min, { message: `should be greater than or equal to ${min}` }),
  Max(max, { message: `should be less than or equal to ${max}` }),
  schema({ type: 'integer', format: max > 2 ** 31 - 1 ? 'int64' : 'int32' }),
);

export const Num = (min: number, max: number): PropertyDecorator => all(
  IsNumber({ allowInfinity: false, allowNaN: false }, { message: 'must be of type number' }),
  Min(min, { message: `should be greater than or equal to ${min}` }),
  Max(max, { message: `should be less than or equal to ${max}` }),
  schema({ type: 'number' }),
);

/** RFC 3339. */
export const Time = (): PropertyDecorator => all(IsString({ message: 'must be of type string' }), schema({ type: 'string', format: 'date-time' }));

/** An object of the given class. */
export const Nested = (child: () => Class): PropertyDecorator => all(
  IsObject({ message: 'must be of type object' }),
  ValidateNested({ message: 'must be of type object' }),
  (target, name) => {
    fieldInfo(target, name).child = child;
  },
);

/** A list of objects of the given class; with `key` every item's value of that field is different. */
export const ListOf = (child: () => Class, maxItems: number, key?: string): PropertyDecorator => all(
  ArrayMaxSize(maxItems, { message: `must have at most ${maxItems} items` }),
  IsArray({ message: 'must be of type array' }),
  ValidateNested({ each: true, message: 'must be of type object' }),
  (target, name) => {
    fieldInfo(target, name).child = child;
  },
  schema(key === undefined ? { 'x-kubernetes-list-type': 'atomic' } : { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] }),
);

/** A list of texts. */
export const TextList = (maxItems: number, maxLength: number, minItems = 0): PropertyDecorator => all(
  ArrayMaxSize(maxItems, { message: `must have at most ${maxItems} items` }),
  ...(minItems > 0 ? [ArrayMinSize(minItems, { message: `should have at least ${minItems} items` })] : []),
  IsArray({ message: 'must be of type array' }),
  IsString({ each: true, message: 'must be of type string' }),
  MaxLength(maxLength, { each: true, message: `may not be more than ${maxLength} characters` }),
  schema({ 'x-kubernetes-list-type': 'atomic' }),
);

/** A map from text to text. */
export const TextMap = (maxProperties: number, maxLength: number): PropertyDecorator => format(
  { type: 'object', maxProperties, additionalProperties: { type: 'string', maxLength } },
  {
    cel: '',
    message: `must be a map of at most ${maxProperties} texts of at most ${maxLength} characters`,
    holds: (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length <= maxProperties
      && Object.values(value).every((text) => typeof text === 'string' && text.length <= maxLength),
  },
);

/** status.conditions as in every Kubernetes object. */
export const Conditions = (): PropertyDecorator => all(
  IsArray({ message: 'must be of type array' }),
  schema({
    type: 'array',
    maxItems: 32,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
    items: {
      type: 'object',
      required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
      properties: {
        type: { type: 'string', maxLength: 316, description: 'What is told.' },
        status: { type: 'string', enum: ['True', 'False', 'Unknown'], description: 'Whether it is so.' },
        reason: { type: 'string', maxLength: 1024, description: 'Why, for programs.' },
        message: { type: 'string', maxLength: 32768, description: 'Why, for people: the numbers and the way out.' },
        lastTransitionTime: { type: 'string', format: 'date-time', description: 'When status last changed.' },
        observedGeneration: { type: 'integer', format: 'int64', minimum: 0, description: 'metadata.generation that it was told about.' },
      },
    },
  }),
);
