/** Kubernetes' named formats: `format.dns1123Label().validate(text)` gives what is wrong, if anything. */
import { regexCost, type FunctionSpec } from '../functions';
import { checkFormat } from '../../schema/formats';
import { labelValueProblem, nameProblem, qualifiedNameProblem } from '../../schema/object-meta';
import { ArrayList, costSize, NO_OVERLOAD, Opaque, Optional } from '../values';
import { parseUrl } from './url';

class NamedFormat extends Opaque {
  readonly typeName = 'kubernetes.NamedFormat';
  constructor(
    readonly name: string,
    readonly problem: (text: string) => string | undefined,
  ) {
    super();
  }
  equals(other: Opaque): boolean {
    return other instanceof NamedFormat && other.name === this.name;
  }
}

const DNS_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

function dns1035(text: string): string | undefined {
  if (text.length > 63) return 'must be no more than 63 characters';
  if (DNS_1035.test(text)) return undefined;
  return "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
}

/** A prefix is valid when something can follow it. */
const prefix = (problem: (text: string) => string | undefined) => (text: string): string | undefined => problem(text.replace(/-$/, 'a'));
const format = (name: string, message: string) => (text: string): string | undefined => (checkFormat(text, name) ? undefined : message);

const label = (text: string): string | undefined => nameProblem(text, 'label');
const subdomain = (text: string): string | undefined => nameProblem(text, 'subdomain');

const FORMATS: Readonly<Record<string, (text: string) => string | undefined>> = {
  dns1123Label: label,
  dns1123Subdomain: subdomain,
  dns1035Label: dns1035,
  qualifiedName: qualifiedNameProblem,
  dns1123LabelPrefix: prefix(label),
  dns1123SubdomainPrefix: prefix(subdomain),
  dns1035LabelPrefix: prefix(dns1035),
  labelValue: labelValueProblem,
  uri: (text) => (parseUrl(text) ? undefined : `parse ${JSON.stringify(text)}: invalid URI for request`),
  uuid: format('uuid', 'does not match the UUID format'),
  byte: format('byte', 'invalid base64'),
  date: format('date', 'invalid date'),
  datetime: format('date-time', 'invalid datetime'),
};

const named: Record<string, FunctionSpec> = {};
for (const [name, problem] of Object.entries(FORMATS)) {
  const value = new NamedFormat(name, problem);
  named[`format.${name}`] = { global: ['-> kubernetes.NamedFormat'], run: () => value };
}

export const NAMED_FORMATS: Readonly<Record<string, FunctionSpec>> = {
  ...named,
  'format.named': {
    global: ['string -> optional_type(kubernetes.NamedFormat)'],
    run: (name) => (typeof name === 'string' ? new Optional(Object.hasOwn(FORMATS, name) ? new NamedFormat(name, FORMATS[name]) : undefined) : NO_OVERLOAD),
  },
  validate: {
    member: ['kubernetes.NamedFormat, string -> optional_type(list(string))'],
    run: (value, text) => {
      if (!(value instanceof NamedFormat) || typeof text !== 'string') return NO_OVERLOAD;
      const problem = value.problem(text);
      return new Optional(problem === undefined ? undefined : new ArrayList([problem]));
    },
    cost: (args) => regexCost(costSize(args[1]), 60),
  },
};
