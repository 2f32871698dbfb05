/** Who makes a request. */
import type { IncomingMessage } from 'node:http';

export interface Identity {
  user: string;
  groups: readonly string[];
}

export interface Authenticator {
  /** @returns undefined when there are no credentials, or none that hold (unknown, expired). */
  authenticate(req: IncomingMessage): Promise<Identity | undefined>;
}
