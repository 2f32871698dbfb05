/** ConfigMaps. */
import { age, core, map, object } from './define';
import { immutableErrors, keyErrors, keysOf } from './keys';

export const CONFIG_MAP = core({
  group: '', version: 'v1', plural: 'configmaps', singular: 'configmap', kind: 'ConfigMap', shortNames: ['cm'], namespaced: true,
  columns: [
    { name: 'Data', type: 'integer', cell: (config) => keysOf(config.data).length + keysOf(config.binaryData).length, description: 'Number of keys.' },
    age(),
  ],
  schema: object('ConfigMap holds configuration data.', {
    data: map('The data, UTF-8.', { type: 'string' }),
    binaryData: map('The data, base64.', { type: 'string', format: 'byte' }),
    immutable: { type: 'boolean', nullable: true, description: 'Whether the data may no longer change.' },
  }),
  strategy: { validate: (config, old) => [...keyErrors(config, ['data', 'binaryData']), ...immutableErrors(config, old, ['data', 'binaryData'])] },
});
