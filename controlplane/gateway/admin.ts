/**
 * The operator's and issuers' routes beside the Kubernetes API: deposits, statements, verification, explanations, tokens, drain.
 * Amounts are decimal strings of credits; never numbers.
 */
import type { IncomingMessage } from 'node:http';
import type { Agent } from '../../crds/agent';
import { formatCredits, parseCredits } from '../../crds/credits';
import { parseDuration } from '../../crds/duration';
import { FormatError, shown } from '../../crds/format-error';
import type { Job } from '../../crds/job';
import { AGENTS, JOBS, NAMESPACES } from '../../crds/meta';
import { splitServiceAccount, type Identity } from '../auth/identity';
import { LedgerInputError } from '../ledger/input';
import type { Ledger, Statement } from '../ledger/ledger';
import type { FitSummary } from '../market/fit';
import { StoreError, type ObjectStore } from '../store/store';
import type { Access, RouteRight } from './http/access';
import { badRequest, notFound, parseUrl, readJson, sendJson, type Handler } from './http/reply';
import type { JoinTokens } from './join-tokens';

export interface UserTokenInfo {
  id: string;
  subject: string;
  groups: readonly string[];
  createdAt: string;
  expiresAt?: string;
}

/** The bearer tokens of people. */
export interface UserTokens {
  /** Those that are good. */
  list(): UserTokenInfo[];
  /** @returns whether there was such a token */
  revoke(id: string): Promise<boolean>;
  create(token: { subject: string; groups?: readonly string[]; description?: string; ttlMs?: number }): Promise<{ token: string; info: { id: string; expiresAt?: string } }>;
}

export interface AdminOptions {
  store: ObjectStore;
  ledger: Ledger;
  access: Access;
  joinTokens: JoinTokens;
  userTokens: UserTokens;
  /** See CertificateAuthority.caHash. */
  caHash: string;
  explain: (jobUid: string) => FitSummary | undefined;
}

const MAX_TTL_MS = 365 * 24 * 3_600_000;
const MAX_USES = 100_000;
const DEFAULT_JOIN_TTL = '1h';
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Serves /ledger/…, /explain/…, /tokens, /drain/…. */
export function adminRoutes(options: AdminOptions): Handler {
  const { store, ledger } = options;
  return async (req, res) => {
    const { segments, query } = parseUrl(req);
    const [first, second, third] = segments;
    const identity = await options.access.require(req, rightOf(req.method ?? 'GET', segments));
    const route = `${req.method} /${first}${first === 'ledger' ? `/${second}` : ''}`;
    switch (route) {
      case 'POST /ledger/deposits':
        sendJson(res, 200, await deposit(await readJson(req)));
        return;
      case 'GET /ledger/statements':
        sendJson(res, 200, statementBody(await ledger.statement(namespaceName(third), query.get('job') ?? undefined)));
        return;
      case 'GET /ledger/verify':
        sendJson(res, 200, await ledger.verify());
        return;
      case 'GET /explain':
        sendJson(res, 200, await explain(second ?? '', third ?? ''));
        return;
      case 'POST /tokens':
        sendJson(res, 201, await createToken(await readJson(req), (as) => requireOther(req, identity, as)));
        return;
      case 'GET /tokens':
        sendJson(res, 200, { tokens: options.userTokens.list() });
        return;
      case 'DELETE /tokens':
        sendJson(res, 200, await revokeToken(second ?? ''));
        return;
      case 'POST /drain':
        sendJson(res, 200, await drain(second ?? ''));
        return;
      default:
        throw notFound(`there is no ${req.method} ${(req.url ?? '').split('?')[0]}; see docs/agent-link.md and docs/market.md`);
    }
  };

  async function deposit(body: Record<string, unknown>): Promise<unknown> {
    const namespace = namespaceName(body.namespace);
    const key = text('key', body.key, 128);
    const amountMicro = parsed('amount', () => parseCredits(text('amount', body.amount, 32)));
    if (amountMicro <= 0n) throw badRequest('amount: has to be more than 0');
    if (!(await store.get(NAMESPACES, '', namespace))) throw notFound(`namespace: there is no namespace ${JSON.stringify(namespace)}; make it with "kubectl create namespace ${namespace}"`);
    const note = body.note === undefined ? {} : { note: text('note', body.note, 1024) };
    const { repeated, availableMicro } = await ledger.deposit({ key: `deposit/${key}`, namespace, amountMicro, ...note }).catch((error: unknown) => {
      throw error instanceof LedgerInputError ? badRequest(error.message) : error;
    });
    return { repeated, namespace, available: formatCredits(availableMicro) };
  }

  async function explain(namespace: string, name: string): Promise<unknown> {
    const job = await store.get<Job>(JOBS, namespace, name);
    if (!job) throw notFound(`there is no job ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)}`);
    const fit = options.explain(job.metadata.uid as string);
    return {
      phase: job.status?.phase ?? 'Pending',
      summary: fit?.message ?? 'the market does not know this job yet',
      agents: fit?.agents ?? 0,
      fits: fit?.fitting ?? 0,
      excluded: (fit?.excluded ?? []).map(({ text: reason, agents, reason: code }) => ({ reason, code, agents })),
      conditions: job.status?.conditions ?? [],
    };
  }

  /** A token makes its bearer somebody: whoever makes it needs the right to act as that one. */
  async function requireOther(req: IncomingMessage, identity: Identity, { user, groups }: { user: string; groups: readonly string[] }): Promise<void> {
    const account = splitServiceAccount(user);
    const named = account ? { plural: 'serviceaccounts', ...account } : { plural: 'users', namespace: '', name: user };
    for (const each of [named, ...groups.map((name) => ({ plural: 'groups', namespace: '', name }))]) {
      await options.access.check(req, identity, { verb: 'impersonate', resource: { group: '', subresource: '', ...each }, path: '' });
    }
  }

  async function createToken(body: Record<string, unknown>, mayBe: (as: { user: string; groups: readonly string[] }) => Promise<void>): Promise<unknown> {
    if (body.kind === 'agent') {
      const owner = text('owner', body.owner ?? 'operator', 128);
      if (/[\s/\0]/.test(owner)) throw badRequest(`owner: ${shown(owner)} must not have spaces, "/" or NUL`);
      const uses = body.uses ?? 1;
      if (typeof uses !== 'number' || !Number.isInteger(uses) || uses < 1 || uses > MAX_USES) throw badRequest(`uses: ${shown(uses)} is not a whole number from 1 to ${MAX_USES}`);
      const made = await options.joinTokens.create({ owner, uses, ttlMs: ttl(body.ttl ?? DEFAULT_JOIN_TTL), caHash: options.caHash });
      return { token: made.token, id: made.id, expiresAt: new Date(made.expiresAt).toISOString() };
    }
    if (body.kind === 'user') {
      const subject = text('owner', body.owner, 253);
      const { groups } = body;
      if (groups !== undefined && (!Array.isArray(groups) || !groups.every((each) => typeof each === 'string'))) throw badRequest('groups: has to be a list of texts');
      await mayBe({ user: subject, groups: (groups ?? []) as string[] });
      const made = await options.userTokens.create({
        subject, ...(groups === undefined ? {} : { groups: groups as string[] }), ...(body.ttl === undefined ? {} : { ttlMs: ttl(body.ttl) }),
      }).catch((error: Error) => {
        throw badRequest(error.message);
      });
      return { token: made.token, id: made.info.id, ...(made.info.expiresAt === undefined ? {} : { expiresAt: made.info.expiresAt }) };
    }
    throw badRequest(`kind: ${shown(body.kind)} is not "agent" or "user"`);
  }

  async function revokeToken(id: string): Promise<UserTokenInfo> {
    const token = options.userTokens.list().find((each) => each.id === id);
    if (!token || !(await options.userTokens.revoke(id))) throw notFound(`there is no token ${shown(id)}; "gleaner token list" lists them`);
    return token;
  }

  /** No new attempts; what runs goes on. Undone with `kubectl patch`. */
  async function drain(name: string): Promise<unknown> {
    for (let round = 0; ; round += 1) {
      const agent = await store.get<Agent>(AGENTS, '', name);
      if (!agent) throw notFound(`there is no agent ${JSON.stringify(name)}; "kubectl get agents" lists them`);
      try {
        const { metadata, status } = await store.update<Agent>(AGENTS, { ...agent, spec: { ...agent.spec, cordoned: true } });
        return { agent: metadata.name, cordoned: true, running: status?.running ?? 0 };
      } catch (error) {
        if (!(error instanceof StoreError) || error.reason !== 'Conflict' || round >= 10) throw error;
      }
    }
  }
}

/** What a route needs to be allowed; undefined: the method on the path. */
function rightOf(method: string, [first, second, third]: readonly string[]): RouteRight | undefined {
  if (first === 'ledger' && second === 'statements') return { verb: 'get', plural: 'statements', namespace: third ?? '' };
  if (first === 'explain') return { verb: 'get', plural: 'jobs', subresource: 'explain', namespace: second ?? '', name: third ?? '' };
  if (first === 'drain' && method === 'POST') return { verb: 'create', plural: 'agents', subresource: 'drain', name: second ?? '' };
  return undefined;
}

function statementBody({ namespace, lines, totalMicro, heldMicro, availableMicro }: Statement): unknown {
  return {
    namespace,
    lines: lines.map((line) => ({
      job: line.job, jobUid: line.jobUid, tier: line.tier, line: line.line, attempts: line.attempts,
      cpuSeconds: decimal(line.cpuMicros, 1_000_000n),
      memoryGiBSeconds: decimal(line.memoryMibSeconds, 1024n),
      wallSeconds: decimal(line.wallMillis, 1000n),
      amount: formatCredits(line.amountMicro),
    })),
    total: formatCredits(totalMicro), held: formatCredits(heldMicro), available: formatCredits(availableMicro),
  };
}

/** `value / unit` with three places, cut. */
function decimal(value: bigint, unit: bigint): string {
  const thousandths = (value * 1000n) / unit;
  return `${thousandths / 1000n}.${String(thousandths % 1000n).padStart(3, '0')}`;
}

function text(field: string, value: unknown, max: number): string {
  if (typeof value !== 'string' || value === '' || value.length > max) throw badRequest(`${field}: ${shown(value)} is not a text of 1 to ${max} characters`);
  return value;
}

function namespaceName(value: unknown): string {
  const name = text('namespace', value, 63);
  if (!NAME.test(name)) throw badRequest(`namespace: ${shown(name)} is not a namespace's name`);
  return name;
}

function parsed<T>(field: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FormatError) throw badRequest(`${field}: ${error.message}`);
    throw error;
  }
}

function ttl(value: unknown): number {
  const ms = parsed('ttl', () => parseDuration(text('ttl', value, 32)));
  if (ms <= 0 || ms > MAX_TTL_MS) throw badRequest(`ttl: ${shown(value)} is not more than 0s and at most ${MAX_TTL_MS / 3_600_000}h`);
  return ms;
}

