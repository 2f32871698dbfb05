/** Keeps the client certificate fresh: renewed in the last third of its life, in the background. */
import { X509Certificate } from 'node:crypto';
import { writeWhole } from './files';
import { HttpFailure } from './https';
import { type Identity, identityFiles } from './identity';
import { renewCertificate } from './join';

export interface RenewalOptions {
  dataDir: string;
  /** Its `certificate` is replaced. */
  identity: Identity;
  /** A new one is there. */
  renewed: () => void;
  log: { info(fields: Record<string, unknown>, message: string): void; warn(fields: Record<string, unknown>, message: string): void };
  random?: () => number;
  now?: () => number;
}

/** Timers cannot wait longer than 24 days. */
const MAX_WAIT_MS = 24 * 3_600_000;
const RETRY_MS = 60_000;

export class Renewal {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly options: RenewalOptions) {}

  start(): void {
    this.arm(this.dueInMs());
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** When two thirds of its life are over; a little later for some, so that not all come at once. */
  private dueInMs(): number {
    const { identity, now = Date.now, random = Math.random } = this.options;
    const { validFrom, validTo } = new X509Certificate(identity.certificate);
    const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
    return from + (to - from) * (2 / 3 + random() / 20) - now();
  }

  private arm(ms: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.tick(), Math.min(Math.max(ms, 0), MAX_WAIT_MS));
    this.timer.unref();
  }

  private async tick(): Promise<void> {
    const { dataDir, identity, renewed, log, random = Math.random } = this.options;
    if (this.dueInMs() > 0) {
      this.start();
      return;
    }
    try {
      const certificate = await renewCertificate(identity);
      await writeWhole(identityFiles(dataDir).certificate, certificate);
      identity.certificate = certificate;
      log.info({ until: new X509Certificate(certificate).validTo }, 'certificate renewed');
      if (!this.stopped) renewed();
      this.arm(Math.max(this.dueInMs(), RETRY_MS));
    } catch (error) {
      log.warn({ why: (error as Error).message, ...(error instanceof HttpFailure ? { status: error.status } : {}) }, 'the certificate could not be renewed; trying again');
      this.arm(RETRY_MS * (0.5 + random()));
    }
  }
}
