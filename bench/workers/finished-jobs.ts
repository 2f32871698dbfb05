/** Counts finished Jobs from the server's metrics: one number for all of them, where a watch would cost an event for every change of every Job. */
import { type Endpoint, HttpConnection } from '../harness/http-connection';

export interface FinishedJobs {
  complete: number;
  failed: number;
}

const LINE = /^gleaner_objects\{([^}]*)\} (\d+)/gm;

/** @throws Error when a metrics page has no such figures */
export function countFinished(metrics: string): FinishedJobs {
  const counts: FinishedJobs = { complete: 0, failed: 0 };
  for (const [, labels = '', value] of metrics.matchAll(LINE)) {
    if (!/resource="jobs(\.gleaner\.dev)?"/.test(labels)) continue;
    if (labels.includes('phase="Complete"')) counts.complete = Number(value);
    if (labels.includes('phase="Failed"')) counts.failed = Number(value);
  }
  return counts;
}

/** An answer costs the server time: so much longer than it took is waited before the next question. */
const PAUSE_FACTOR = 10;
const LEAST_PAUSE_MS = 50;

/** Asks again and again until `count` Jobs have finished. @returns what they came to */
export async function untilFinished(endpoint: Endpoint, count: number): Promise<FinishedJobs> {
  const connection = await HttpConnection.open(endpoint);
  try {
    for (;;) {
      const asked = performance.now();
      const reply = await connection.request('GET', '/metrics');
      if (reply.status !== 200) throw new Error(`GET /metrics: ${reply.status} ${reply.body.slice(0, 500)}`);
      const counts = countFinished(reply.body);
      if (counts.complete + counts.failed >= count) return counts;
      await new Promise((resolve) => setTimeout(resolve, Math.max(LEAST_PAUSE_MS, PAUSE_FACTOR * (performance.now() - asked))));
    }
  } finally {
    connection.close();
  }
}
