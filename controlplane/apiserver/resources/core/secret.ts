/** Secrets. */
import type { KubeObject } from '../../../../crds/meta';
import { isObject, type JsonObject } from '../../schema/schema';
import { age, column, core, map, object, string } from './define';
import { immutableErrors, keyErrors, keysOf } from './keys';

function prepareSecret(secret: JsonObject, old?: KubeObject): void {
  if (isObject(secret.stringData)) {
    const data: JsonObject = { ...(isObject(secret.data) && secret.data) };
    for (const [key, value] of Object.entries(secret.stringData)) data[key] = Buffer.from(String(value)).toString('base64');
    secret.data = data;
  }
  delete secret.stringData;
  secret.type ||= (old as unknown as JsonObject | undefined)?.type ?? 'Opaque';
}

export const SECRET = core({
  group: '', version: 'v1', plural: 'secrets', singular: 'secret', kind: 'Secret', shortNames: [], namespaced: true, selectableFields: ['type'],
  columns: [column('Type', '.type'), { name: 'Data', type: 'integer', cell: (secret) => keysOf(secret.data).length, description: 'Number of keys.' }, age()],
  schema: object('Secret holds secret data of a certain type.', {
    data: map('The data, base64.', { type: 'string', format: 'byte', nullable: true }),
    stringData: map('The data as text, for writing only.', { type: 'string' }),
    type: string('What the data is for.'),
    immutable: { type: 'boolean', nullable: true, description: 'Whether the data may no longer change.' },
  }),
  strategy: {
    prepare: prepareSecret,
    validate: (secret, old) => [...keyErrors(secret, ['data']), ...immutableErrors(secret, old, ['data'])],
  },
});
