/** A watch over HTTPS as clients read it: frames by lines. */
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

import type { Json, TestApiServer } from './api-server';
import { eventually } from './kubectl';

export interface Frame {
  type: string;
  object: Json;
}

export interface WatchClient {
  res: IncomingMessage;
  frames: Frame[];
  /** Resolves when the server ends the answer. */
  ended: Promise<void>;
  /** What there is once there are so many frames: `ADDED a`. @throws Error when they do not come */
  take(count: number): Promise<string[]>;
  close(): void;
}

export function openWatch(server: Pick<TestApiServer, 'url' | 'caCertificate' | 'token'>, path: string, headers: object = {}): Promise<WatchClient> {
  return new Promise((resolve, reject) => {
    const req = httpsRequest(`${server.url}${path}`, { ca: server.caCertificate, headers: { Authorization: `Bearer ${server.token}`, ...headers }, agent: false }, (res) => {
      const frames: Frame[] = [];
      let rest = '';
      res.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) frames.push(JSON.parse(line) as Frame);
      });
      res.on('error', () => undefined);
      const take = async (count: number): Promise<string[]> => {
        await eventually(() => JSON.stringify(frames), () => frames.length >= count);
        return brief(frames);
      };
      resolve({ res, frames, take, ended: new Promise((done) => res.once('close', done)), close: () => req.destroy() });
    });
    req.once('error', reject).end();
  });
}

export const brief = (frames: readonly Frame[]): string[] => frames.map(({ type, object }) => (object.metadata?.name === undefined ? type : `${type} ${object.metadata.name}`));
