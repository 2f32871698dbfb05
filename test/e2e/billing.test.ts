/** What a task uses is what is billed: CPU seconds exactly, short tasks too. */
import { jobManifest, TestCluster } from '../support/gleaner';

interface Bill {
  lines: { job: string; line: string; attempts: number; cpuSeconds: string; amount: string }[];
  total: string;
  held: string;
  available: string;
}

/** Burns CPU until the process itself has used that many seconds, as the kernel counts. */
const burn = (seconds: number): string => `import time\nwhile time.process_time() < ${seconds}: pass\n`;

describe('billing', () => {
  const cluster = new TestCluster();

  beforeAll(async () => {
    await cluster.startServer();
    await cluster.startAgentAndDeposit('10.00');
  }, 180_000);
  afterAll(() => cluster.close(), 60_000);

  const billOf = async (name: string, script: string): Promise<Bill> => {
    const spec = { runtime: 'python', completions: 1, template: { program: { script }, timeout: '60s', resources: { cpu: '1', memory: '64Mi', scratch: '16Mi' } } };
    await cluster.kubectlOk(['apply', '-f', '-'], jobManifest(name, spec));
    await cluster.kubectlOk(['wait', '--for=condition=Complete', '--timeout=120s', `jobs.gleaner.dev/${name}`], undefined, 130_000);
    return JSON.parse(await cluster.ok(['bill', '--job', name, '-o', 'json'])) as Bill;
  };

  it('bills 2.0 s of CPU as 2.0 s ± 5 %', async () => {
    const bill = await billOf('burn', burn(2));
    expect(bill.lines).toHaveLength(1);
    const cpu = Number(bill.lines[0]!.cpuSeconds);
    expect(cpu).toBeGreaterThanOrEqual(1.9);
    expect(cpu).toBeLessThanOrEqual(2.1);
    expect(Number(bill.lines[0]!.amount)).toBeGreaterThan(0);
  }, 150_000);

  it('bills a task of 50 ms', async () => {
    const bill = await billOf('blink', burn(0.05));
    const cpu = Number(bill.lines[0]!.cpuSeconds);
    expect(cpu).toBeGreaterThanOrEqual(0.05);
    expect(cpu).toBeLessThan(0.5);
    expect(Number(bill.lines[0]!.amount)).toBeGreaterThan(0);
  }, 150_000);

  it('owes nobody anything afterwards: nothing held, available = deposit − charges, the ledger verifies', async () => {
    const bill = JSON.parse(await cluster.ok(['bill', '-o', 'json'])) as Bill;
    const micro = (text: string): bigint => BigInt(Math.round(Number(text) * 1e6));
    expect(micro(bill.held)).toBe(0n);
    expect(micro(bill.available)).toBe(10_000_000n - micro(bill.total));
    expect(await cluster.ok(['ledger', 'verify'])).toMatch(/^ledger verify: ok/);
  }, 60_000);

  it('refuses to run without credit, and says how much is missing', async () => {
    await cluster.kubectlOk(['create', 'namespace', 'poor']);
    const spec = { runtime: 'shell', completions: 1, template: { program: { script: 'true' }, timeout: '10m' } };
    await cluster.kubectlOk(['apply', '-n', 'poor', '-f', '-'], jobManifest('broke', spec));
    await cluster.kubectlOk(['wait', '-n', 'poor', '--for=condition=Admitted=False', '--timeout=60s', 'jobs.gleaner.dev/broke'], undefined, 70_000);
    const condition = await cluster.kubectlOk(['get', '-n', 'poor', 'jobs.gleaner.dev', 'broke', '-o', 'jsonpath={.status.conditions[?(@.type=="Admitted")].reason}: {.status.conditions[?(@.type=="Admitted")].message}']);
    expect(condition).toMatch(/^InsufficientCredit: .*\d+\.\d+.*deposit/);
    await cluster.ok(['deposit', '-n', 'poor', '5.00']);
    await cluster.kubectlOk(['wait', '-n', 'poor', '--for=condition=Complete', '--timeout=60s', 'jobs.gleaner.dev/broke'], undefined, 70_000);
  }, 150_000);
});
