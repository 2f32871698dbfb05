/**
 * The same command lines of the real kubectl against a real kube-apiserver with its controllers and our whole control plane: same exit code,
 * same output. The scenarios are those of Kubernetes' own `test/cmd`, as far as they need no workloads.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pino from 'pino';

import { findTarget } from '../../cli/client';
import { defaultConfig } from '../../controlplane/config';
import { startControlPlane, type ControlPlane } from '../../controlplane/main';
import { CertificateAuthority } from '../../controlplane/tls/ca';
import { isKnown, KNOWN_OUTPUTS, without, type KnownOutput } from '../differential/kubectl/known';
import { run, type Printed, type Server } from '../differential/kubectl/run';
import type { Scenario } from '../differential/kubectl/scenario';
import { SCENARIOS } from '../differential/kubectl/scenarios';
import { prepare } from '../differential/prepare';
import { describeWithKube, startKubeApiServer, type KubeApiServer } from '../support/kube-apiserver';
import { kubectl } from '../support/kubectl';

const MIN_LINES = 600;

test(`there are at least ${MIN_LINES} command lines`, () => {
  expect(SCENARIOS.reduce((sum, { commands }) => sum + commands.length, 0)).toBeGreaterThanOrEqual(MIN_LINES);
});

describeWithKube('kubectl beside a real kube-apiserver', ['etcd', 'kube-apiserver', 'kube-controller-manager'], () => {
  let dir: string;
  let kube: KubeApiServer;
  let plane: ControlPlane;
  let servers: readonly [Server, Server];
  let pair: { key: string; certificate: string };
  const occurred = new Set<KnownOutput>();

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gleaner-cmd-'));
    pair = await (await CertificateAuthority.open(join(dir, 'pki'))).serverKeyPair();
    const data = join(dir, 'data');
    mkdirSync(data);
    [kube, plane] = await Promise.all([startKubeApiServer({ controllerManager: true }), startControlPlane({ ...defaultConfig(data), port: 0 }, pino({ level: 'silent' }))]);
    const { server: url, ca = '', token = '' } = findTarget({ data });
    await Promise.all([prepare(kube), prepare({ url, caCertificate: ca, adminToken: token })]);
    servers = [
      { url: kube.url, kubectl: kubectl(kube.kubeconfig, kube.dir) },
      { url, kubectl: kubectl(join(data, 'kubeconfig'), dir) },
    ];
  }, 180_000);
  afterAll(async () => {
    await Promise.all([kube?.stop(), plane?.stop()]);
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  const both = async (scenario: Scenario): Promise<[Printed[], Printed[]]> => {
    const files = join(dir, scenario.name);
    mkdirSync(files);
    for (const [name, text] of Object.entries({ 'tls.key': pair.key, 'tls.crt': pair.certificate, ...scenario.files })) writeFileSync(join(files, name), text);
    const [real, ours] = await Promise.all(servers.map((server) => run(server, scenario, files)));
    return [real, ours];
  };

  test.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))('%s', async (_, scenario) => {
    const [real, ours] = await both(scenario);
    const differing = real.flatMap((printed, index) => {
      if (JSON.stringify(printed) === JSON.stringify(ours[index])) return [];
      const known = KNOWN_OUTPUTS.filter((each) => isKnown(each, scenario.name, printed));
      for (const one of known) occurred.add(one);
      const [expected, got] = [without(known, printed), without(known, ours[index])];
      return JSON.stringify(expected) === JSON.stringify(got) ? [] : [{ real: expected, ours: got }];
    });
    expect(differing.map(({ ours: printed }) => printed)).toEqual(differing.map(({ real: printed }) => printed));
  }, 240_000);

  test('every difference that is listed as known occurs', () => {
    expect(KNOWN_OUTPUTS.filter((known) => !occurred.has(known)).map(({ scenario, line }) => `${scenario}: ${String(line)}`)).toEqual([]);
  });
});
