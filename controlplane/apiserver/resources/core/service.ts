/** The service `kubernetes` and its endpoints: what tells programs where the API is. Nothing balances anything here: users cannot make others. */
import { isObject, type JsonObject } from '../../schema/schema';
import { AGE, at, cell, column, formatLabels, listOf, textOf } from './cells';
import { core } from './define';

const MAX_SHOWN = 3;
const READ_ONLY = 'only the service of the API itself is served: Gleaner runs Jobs, not services';

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const none = (text: string): string => (text === '' ? '<none>' : text);

function externalIp(service: JsonObject): string {
  switch (at(service, 'spec.type')) {
    case 'ExternalName':
      return textOf(at(service, 'spec.externalName'));
    case 'ClusterIP':
    case 'NodePort':
      return none(texts(at(service, 'spec.externalIPs')).join(','));
    default:
      return '<unknown>';
  }
}

function ports(service: JsonObject): string {
  const shown = listOf(at(service, 'spec.ports')).map(({ port, protocol, nodePort }) => `${String(port)}${typeof nodePort === 'number' && nodePort > 0 ? `:${nodePort}` : ''}/${String(protocol)}`);
  return none(shown.join(','));
}

function shortened(values: readonly string[], nothing: string): string {
  if (values.length === 0) return nothing;
  const text = values.slice(0, MAX_SHOWN).join(',');
  return values.length > MAX_SHOWN ? `${text} + ${values.length - MAX_SHOWN} more...` : text;
}

function addresses(endpoints: JsonObject): string {
  const all = listOf(endpoints.subsets).flatMap((subset) => {
    const hosts = listOf(subset.addresses).map(({ ip }) => textOf(ip));
    const open = listOf(subset.ports);
    return open.length === 0 ? hosts : open.flatMap(({ port }) => hosts.map((host) => (host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`)));
  });
  return shortened(all, '<none>');
}

export const SERVICE = core({
  group: '', version: 'v1', plural: 'services', singular: 'service', kind: 'Service', shortNames: ['svc'], categories: ['all'], namespaced: true,
  description: 'Service is a named abstraction of software service: a local port and the selector that determines which pods answer.',
  nameRule: 'label', hasStatus: true, readOnly: READ_ONLY, selectableFields: ['spec.clusterIP', 'spec.type'],
  columns: [
    column('Type', 'spec.type', 'How the service is reached.'),
    cell('Cluster-IP', (service) => none(texts(at(service, 'spec.clusterIPs'))[0] ?? ''), 'Its address.'),
    cell('External-IP', externalIp, 'Its addresses outside.'),
    cell('Port(s)', ports, 'Its ports.'),
    AGE,
    cell('Selector', (service) => formatLabels(at(service, 'spec.selector')), 'What it selects.', 1),
  ],
});

export const ENDPOINTS = core({
  group: '', version: 'v1', plural: 'endpoints', singular: 'endpoints', kind: 'Endpoints', shortNames: ['ep'], namespaced: true,
  description: 'Endpoints is a collection of endpoints that implement the actual service.',
  readOnly: READ_ONLY,
  columns: [cell('Endpoints', addresses, 'Addresses and ports.'), AGE],
});

export const ENDPOINT_SLICE = core({
  group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', singular: 'endpointslice', kind: 'EndpointSlice', shortNames: [], namespaced: true,
  description: 'EndpointSlice represents a subset of the endpoints that implement a service.',
  readOnly: READ_ONLY,
  columns: [
    column('AddressType', 'addressType', 'What the addresses are.'),
    cell('Ports', (slice) => shortened(listOf(slice.ports).map(({ port, name }) => (port === undefined ? textOf(name) || '*' : String(port))), '<unset>'), 'Their ports.'),
    cell('Endpoints', (slice) => shortened(listOf(slice.endpoints).flatMap((each) => texts(isObject(each) ? each.addresses : [])), '<unset>'), 'The addresses.'),
    AGE,
  ],
});
