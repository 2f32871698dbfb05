/** What is a time to Go. */
import { merge, post, type Sequence, type Step } from '../step';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/${ns}/leases?dryRun=All';
const EVENTS = '/api/v1/namespaces/${ns}/events?dryRun=All';
const CMS = '/api/v1/namespaces/${ns}/configmaps';
const WIDGETS = '/apis/stable.example.com/v1/namespaces/${ns}/widgets?dryRun=All';

const TIMES: readonly unknown[] = [
  '2020-01-01T00:00:00Z', '2020-01-01T00:00:00.123456Z', '2020-01-01T0:00:00.123456Z', '2020-01-01T0:00:00Z', '2020-01-01T7:00:00+02:00', '2020-01-01T00:0:00.123456Z', '2020-01-01T00:00:0.123456Z', '2020-1-01T00:00:00.123456Z', '2020-01-1T00:00:00.123456Z',
  '2020-01-01T00:00:00,123456Z', '2020-01-01T00:00:00,5Z', '2020-01-01T00:00:00.5Z', '2020-01-01T00:00:00.Z', '2020-01-01T00:00:00.1234567Z', '2020-01-01T00:00:00.12345Z', '2020-01-01T00:00:00.123456789Z', '2020-01-01T00:00:00.12345678901Z', '2020-01-01T00:00:00,12345678901Z',
  '2020-01-01t00:00:00.123456Z', '2020-01-01T00:00:00.123456z', '2020-01-01 00:00:00.123456Z', '2020-01-01T00:00:00.123456', '2020-01-01T00:00:00', '2020-01-01', '', ' ', 'x', '2020-01-01T00:00:00.123456+0000', '2020-01-01T00:00:00.123456+00', '2020-01-01T00:00:00.123456+1:00',
  '2020-01-01T00:00:00.123456+02:00', '2020-01-01T00:00:00.123456-00:00', '2020-01-01T00:00:00.123456+24:00', '2020-01-01T00:00:00.123456+24:60', '2020-01-01T24:00:00.123456Z', '2020-01-01T23:60:00.123456Z', '2020-01-01T23:59:60.123456Z', '2020-01-01T2:59:60.123456Z', '2020-00-01T00:00:00.123456Z', '2020-13-01T00:00:00.123456Z', '2020-02-30T00:00:00.123456Z',
  '2020-02-30T0:00:00.123456Z', '2020-01-00T00:00:00.123456Z', '2020-01-32T00:00:00.123456Z', '0000-01-01T00:00:00.000000Z', '0001-01-01T00:00:00.000000Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z', '10000-01-01T00:00:00.000000Z', '9999-12-31T23:59:59.999999-10:00', '0000-01-01T00:00:00.000000+10:00', '-001-01-01T00:00:00.000000Z', '+2020-01-01T00:00:00.000000Z', '2020-01-01T00:00:00.123456Z ', ' 2020-01-01T00:00:00.123456Z', '2020-01-01T00:00:00.123456ZZ', '2020-01-01T00:00:00.000000Z\n', '2020-01-01T00:00:00.+23456Z', '2020-01-01T00:00:00.12_456Z', '２020-01-01T00:00:00.123456Z', 'ä"\\\n',
  '2020-01-01T:00:00.123456Z', '2020-01-01T123:00:00.123456Z', '2020-01-01T1', '2020-01-01T1:', 1577836800, 1.5, true, [], {},
];

/** Of what was read, the fields that are times. */
const pick = (body: unknown): unknown => {
  const { spec, firstTimestamp, eventTime, series, metadata } = body as { spec?: unknown; firstTimestamp?: unknown; eventTime?: unknown; series?: unknown; metadata: { deletionTimestamp?: unknown } };
  return { spec, firstTimestamp, eventTime, series, deleted: metadata.deletionTimestamp };
};

const lease = (renewTime: unknown): object => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' }, spec: { renewTime } });
const event = (more: object): object => ({ apiVersion: 'v1', kind: 'Event', metadata: { name: 'e', namespace: '${ns}' }, involvedObject: { namespace: '${ns}' }, ...more });
const cm = (metadata: object): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', ...metadata } });
const widget = (metadata: object, spec: object = {}): object => ({ apiVersion: 'stable.example.com/v1', kind: 'Widget', metadata: { name: 'w', ...metadata }, spec: { color: 'red', ...spec } });

const manager = (time: unknown): object => cm({ managedFields: [{ manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': {} }, time }] });
const shown = (time: unknown): string => JSON.stringify(time);
const of = (what: string, path: string, make: (time: unknown) => object, times = TIMES): Step[] => times.map((time) => post(`${what} ${shown(time)}`, path, make(time), { pick }));

const steps: Step[] = [
  ...of('renewTime', LEASES, lease),
  ...of('firstTimestamp', EVENTS, (firstTimestamp) => event({ firstTimestamp })),
  ...of('creationTimestamp', `${CMS}?dryRun=All`, (creationTimestamp) => cm({ creationTimestamp })),
  ...of('creationTimestamp of a widget', WIDGETS, (creationTimestamp) => widget({ creationTimestamp })),
  ...of('since', WIDGETS, (since) => widget({}, { since })),
  ...([['day', 5], ['ip', true], ['id', { a: 1 }], ['mail', 1.5], ['bytes', 5], ['wait', 5], ['link', null], ['code', 5], ['day', '5']] as const).map(([field, value]) => post(`${field} of ${shown(value)}`, WIDGETS, widget({}, { [field]: value }), { pick })),
  ...of('manager', `${CMS}?dryRun=All`, manager),
  post('event time', EVENTS, event({ eventTime: '2020-01-01T1:00:00,123456+01:00', reportingComponent: 'a.b/c', reportingInstance: 'i', action: 'a', reason: 'r', type: 'Normal', series: { count: 2, lastObservedTime: '2020-01-01T00:00:00,123456Z' } }), { pick }),
  post('config map', CMS, cm({}), { pick }),
  merge('merge patch of a time', `${CMS}/c`, { metadata: { creationTimestamp: '2020-01-01T1:00:00Z' } }, { pick }),
  merge('merge patch of no time', `${CMS}/c`, { metadata: { creationTimestamp: 'x' } }, { pick }),
  post('deletion time', CMS, { ...cm({ deletionTimestamp: '2020-01-01T1:00:00,5Z' }), metadata: { name: 'd', deletionTimestamp: '2020-01-01T1:00:00,5Z' } }, { pick }),
];

export const TIMES_SEQUENCES: Sequence[] = [{ name: 'times', steps }];
