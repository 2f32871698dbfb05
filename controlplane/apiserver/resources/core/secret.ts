/** Secrets: their types ask for certain keys; a type never changes. */
import type { KubeObject } from '../../../../crds/meta';
import { goJsonError } from '../../codec/go-json-error';
import { invalid, required, type FieldError } from '../../schema/field-error';
import { isObject, type JsonObject } from '../../schema/schema';
import { AGE, at, cell, column, sizeOf, textOf } from './cells';
import { dataErrors, immutableErrors } from './data';
import { core } from './define';

const ACCOUNT_ANNOTATION = 'kubernetes.io/service-account.name';

function prepare(secret: JsonObject, old?: KubeObject): void {
  if (isObject(secret.stringData)) {
    const data: JsonObject = { ...(isObject(secret.data) && secret.data) };
    for (const [key, value] of Object.entries(secret.stringData)) data[key] = Buffer.from(String(value)).toString('base64');
    secret.data = data;
  }
  delete secret.stringData;
  secret.type ||= (old as unknown as JsonObject | undefined)?.type ?? 'Opaque';
}

function typeErrors(secret: JsonObject): FieldError[] {
  const data = isObject(secret.data) ? secret.data : {};
  const missing = (...keys: string[]): FieldError[] => keys.filter((key) => !Object.hasOwn(data, key)).map((key) => required(`data[${key}]`));
  switch (secret.type) {
    case 'kubernetes.io/service-account-token': {
      const annotations = at(secret, 'metadata.annotations');
      return isObject(annotations) && textOf(annotations[ACCOUNT_ANNOTATION]) !== '' ? [] : [required(`metadata.annotations[${ACCOUNT_ANNOTATION}]`)];
    }
    case 'kubernetes.io/dockercfg':
      return [...missing('.dockercfg'), ...jsonErrors(data, '.dockercfg')];
    case 'kubernetes.io/dockerconfigjson':
      return [...missing('.dockerconfigjson'), ...jsonErrors(data, '.dockerconfigjson')];
    case 'kubernetes.io/basic-auth':
      return Object.hasOwn(data, 'username') || Object.hasOwn(data, 'password') ? [] : missing('username', 'password');
    case 'kubernetes.io/ssh-auth':
      return textOf(data['ssh-privatekey']) === '' ? [required('data[ssh-privatekey]')] : [];
    case 'kubernetes.io/tls':
      return missing('tls.crt', 'tls.key');
    default:
      return [];
  }
}

function jsonErrors(data: JsonObject, key: string): FieldError[] {
  if (!Object.hasOwn(data, key)) return [];
  const text = Buffer.from(textOf(data[key]), 'base64').toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value) || value === null) return [];
    return [invalid(`data[${key}]`, '<secret contents redacted>', `json: cannot unmarshal ${goKind(value)} into Go value of type map[string]interface {}`)];
  } catch {
    return [invalid(`data[${key}]`, '<secret contents redacted>', goJsonError(text) ?? 'the value is not valid JSON')];
  }
}

const goKind = (value: unknown): string => (Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value);

function typeChange(secret: JsonObject, old: KubeObject | undefined): FieldError[] {
  const before = (old as unknown as JsonObject | undefined)?.type;
  return before === undefined || before === secret.type ? [] : [invalid('type', secret.type, 'field is immutable')];
}

const PEM = /-----BEGIN [A-Z0-9 ]+-----[\s\S]+?-----END [A-Z0-9 ]+-----/;

/** A certificate and key that TLS could not use. */
function warnings({ type, data }: JsonObject): string[] {
  if (type !== 'kubernetes.io/tls' || !isObject(data)) return [];
  const holds = (key: string): boolean => PEM.test(Buffer.from(textOf(data[key]), 'base64').toString('latin1'));
  if (!holds('tls.crt')) return ['tls: failed to find any PEM data in certificate input'];
  return holds('tls.key') ? [] : ['tls: failed to find any PEM data in key input'];
}

export const SECRET = core({
  group: '', version: 'v1', plural: 'secrets', singular: 'secret', kind: 'Secret', shortNames: [], namespaced: true, selectableFields: ['type'],
  description: 'Secret holds secret data of a certain type. The total bytes of the values in the data field must be less than 1 MiB.',
  columns: [column('Type', 'type', 'What the data is for.'), cell('Data', ({ data }) => sizeOf(data), 'Number of keys.'), AGE],
  strategy: {
    prepare,
    warnings,
    validate: (secret, old) => [...typeChange(secret, old), ...immutableErrors(secret, old, ['data']), ...dataErrors(secret, { data: 'base64' }), ...typeErrors(secret)],
  },
});
