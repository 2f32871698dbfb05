/** ConfigMaps. */
import { AGE, cell, sizeOf } from './cells';
import { dataErrors, immutableErrors } from './data';
import { core } from './define';

export const CONFIG_MAP = core({
  group: '', version: 'v1', plural: 'configmaps', singular: 'configmap', kind: 'ConfigMap', shortNames: ['cm'], namespaced: true,
  description: 'ConfigMap holds configuration data for programs to consume.',
  columns: [cell('Data', ({ data, binaryData }) => sizeOf(data) + sizeOf(binaryData), 'Number of keys.'), AGE],
  strategy: {
    validate: (config, old) => [...immutableErrors(config, old, ['data', 'binaryData']), ...dataErrors(config, { data: 'text', binaryData: 'base64' })],
  },
});
