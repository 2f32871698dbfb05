/**
 * Events for people: what `kubectl describe` shows below an object.
 *
 * Best effort, bounded on all sides: an event that repeats is counted up; an object may cause `burst` events at once and one per
 * `refillMs` after; a namespace holds at most `maxPerNamespace`, and an event goes an hour after it last happened. What is over
 * a bound is dropped and counted, never waited for.
 */
import { createHash } from 'node:crypto';
import { Counter, type Registry } from 'prom-client';
import { rfc3339 } from '../../crds/conditions';
import { EVENTS, type KubeObject } from '../../crds/meta';
import type { ObjectStore, Operation } from '../store/store';
import { systemClock, type Clock } from './runtime/clock';
import { DueHeap } from './runtime/due-heap';
import { keyOf, splitKey, type Reflector } from './runtime/reflector';

export type EventType = 'Normal' | 'Warning';

/** core/v1 Event. */
export interface KubeEvent extends KubeObject {
  involvedObject: { apiVersion: string; kind: string; namespace?: string; name: string; uid?: string; resourceVersion?: string };
  reason: string;
  message: string;
  type: EventType;
  count?: number;
  firstTimestamp?: string;
  lastTimestamp?: string;
  eventTime?: string | null;
  source?: { component?: string };
  reportingComponent?: string;
  reportingInstance?: string;
}

export interface EventRecorderOptions {
  store: ObjectStore;
  /** Cache of EVENTS; started by whoever made it. */
  events: Reflector<KubeEvent>;
  clock?: Clock;
  component?: string;
  registry?: Registry;
  keepMs?: number;
  maxPerNamespace?: number;
  burst?: number;
  refillMs?: number;
  onError?: (error: unknown) => void;
}

/** Objects whose bucket is remembered, and events that wait for the end of the turn. */
const MAX_TRACKED = 10_000;
const MAX_MESSAGE = 1024;
const MAX_DELETES = 500;

interface Bucket {
  tokens: number;
  at: number;
}

export class EventRecorder {
  private readonly clock: Clock;
  private readonly options: Required<Pick<EventRecorderOptions, 'component' | 'keepMs' | 'maxPerNamespace' | 'burst' | 'refillMs'>>;
  private readonly pending = new Map<string, KubeEvent>();
  private readonly buckets = new Map<string, Bucket>();
  private readonly expiry = new DueHeap();
  private readonly perNamespace = new Map<string, number>();
  private readonly dropped: Counter | undefined;
  private readonly unsubscribe: () => void;
  private scheduled = false;
  private writing: Promise<void> = Promise.resolve();
  private cancelTimer: (() => void) | undefined;
  private stopped = false;

  constructor(private readonly deps: EventRecorderOptions) {
    this.clock = deps.clock ?? systemClock;
    const { component = 'gleaner', keepMs = 3_600_000, maxPerNamespace = 1000, burst = 25, refillMs = 30_000 } = deps;
    this.options = { component, keepMs, maxPerNamespace, burst, refillMs };
    this.dropped = deps.registry && new Counter({
      name: 'gleaner_events_dropped_total',
      help: 'Events that were not written because an object or a namespace had too many',
      registers: [deps.registry],
    });
    for (const event of deps.events.values()) this.track(event);
    this.unsubscribe = deps.events.onChange((changes) => {
      for (const { type, object } of changes) {
        if (type === 'DELETED') this.untrack(object);
        else this.track(object, type === 'ADDED');
      }
      this.schedule();
    });
    this.schedule();
  }

  /** Never throws and never waits; written with the rest of the turn. Cluster-scoped objects' events go to `default`. */
  record(object: KubeObject, type: EventType, reason: string, message: string): void {
    if (this.stopped) return;
    const { namespace, name, uid, resourceVersion } = object.metadata;
    const text = message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 1)}…`;
    const key = `${namespace ?? 'default'}/${eventName(object, `${type}|${reason}|${text}`)}`;
    const known = this.pending.get(key) ?? this.deps.events.getByKey(key);
    if (!this.mayRecord(object) || (!known && !this.hasRoom(namespace ?? 'default'))) {
      this.dropped?.inc();
      return;
    }
    const time = rfc3339(new Date(this.clock.now()));
    this.pending.set(key, known ? { ...known, count: (known.count ?? 1) + 1, lastTimestamp: time } : {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { ...splitKey(key) },
      involvedObject: { apiVersion: object.apiVersion, kind: object.kind, ...(namespace && { namespace }), name, uid, resourceVersion },
      reason,
      message: text,
      type,
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
      eventTime: null,
      source: { component: this.options.component },
      reportingComponent: this.options.component,
      reportingInstance: '',
    });
    this.schedule();
  }

  /** Resolves when what was recorded is written. */
  async stop(): Promise<void> {
    this.unsubscribe();
    this.cancelTimer?.();
    await this.writing;
    await this.write();
    this.stopped = true;
  }

  private schedule(): void {
    if (this.scheduled || this.stopped) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.writing = this.writing.then(() => this.write());
    });
  }

  private async write(): Promise<void> {
    if (this.stopped) return;
    const operations: Operation[] = [...this.pending.values()].map((object) => (
      { verb: object.metadata.uid ? 'update' : 'create', resource: EVENTS, object: unversioned(object) }));
    this.pending.clear();
    const now = this.clock.now();
    for (let key = this.expiry.takeDue(now); key !== undefined && operations.length < MAX_DELETES + MAX_TRACKED; key = this.expiry.takeDue(now)) {
      operations.push({ verb: 'delete', resource: EVENTS, ...splitKey(key) });
    }
    if (operations.length > 0) {
      try {
        await this.deps.store.batch(operations);
      } catch (error) {
        this.deps.onError?.(error);
      }
    }
    this.armTimer();
  }

  private armTimer(): void {
    this.cancelTimer?.();
    const due = this.expiry.nextDue;
    if (due === undefined || this.stopped) return;
    this.cancelTimer = this.clock.after(Math.max(1000, due - this.clock.now()), () => this.schedule());
  }

  private track(event: KubeEvent, isNew = true): void {
    if (isNew) this.perNamespace.set(event.metadata.namespace ?? '', (this.perNamespace.get(event.metadata.namespace ?? '') ?? 0) + 1);
    // What somebody reports late is kept as long as what is reported at once.
    const times = [event.lastTimestamp, event.metadata.creationTimestamp].map((time) => Date.parse(time ?? '')).filter((time) => !Number.isNaN(time));
    this.expiry.set(keyOf(event), Math.min(this.clock.now(), times.length === 0 ? Infinity : Math.max(...times)) + this.options.keepMs);
  }

  private untrack(event: KubeEvent): void {
    const namespace = event.metadata.namespace ?? '';
    const left = (this.perNamespace.get(namespace) ?? 1) - 1;
    if (left > 0) this.perNamespace.set(namespace, left);
    else this.perNamespace.delete(namespace);
    this.expiry.delete(keyOf(event));
  }

  private hasRoom(namespace: string): boolean {
    return this.pending.size < MAX_TRACKED && (this.perNamespace.get(namespace) ?? 0) + this.pending.size < this.options.maxPerNamespace;
  }

  private mayRecord(object: KubeObject): boolean {
    const { burst, refillMs } = this.options;
    const id = object.metadata.uid ?? `${object.kind}/${keyOf(object)}`;
    const now = this.clock.now();
    const known = this.buckets.get(id) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, known.tokens + (now - known.at) / refillMs);
    this.buckets.delete(id);
    if (this.buckets.size >= MAX_TRACKED) for (const oldest of this.buckets.keys()) {
      this.buckets.delete(oldest);
      break;
    }
    this.buckets.set(id, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    return tokens >= 1;
  }
}

const unversioned = <T extends KubeObject>(object: T): T => ({ ...object, metadata: { ...object.metadata, resourceVersion: undefined } });

/** The same for the same event of the same object, so that it is found again after a restart. */
function eventName(object: KubeObject, what: string): string {
  const hash = createHash('sha256').update(`${object.metadata.uid ?? keyOf(object)}|${what}`).digest('hex').slice(0, 16);
  return `${object.metadata.name.slice(0, 200)}.${hash}`;
}
