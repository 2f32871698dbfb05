/** Which requests leave HTTP: those for the link. With other paths an `Upgrade` header means nothing, as HTTP allows: they are answered as they are. */
import { IncomingMessage, type ServerOptions } from 'node:http';

import { LINK_PATH } from '../../../crds/agent-link';

const asked = Symbol('asked for an upgrade');

/** node:http sets `upgrade` when it has read the head, and reads it to know whether the request goes to the listener of `upgrade` events. */
class UpgradedForLink extends IncomingMessage {
  declare [asked]: boolean | null;

  get upgrade(): boolean | null {
    return this[asked] && (this.method === 'CONNECT' || isForLink(this));
  }

  set upgrade(upgrade: boolean | null) {
    this[asked] = upgrade;
  }
}

export const UPGRADES = { IncomingMessage: UpgradedForLink } as const satisfies ServerOptions<typeof UpgradedForLink>;

const isForLink = ({ url }: IncomingMessage): boolean => url?.split('?', 1)[0] === LINK_PATH;

/** Whether its client asked for another protocol: what it sent after such a request in one piece is lost, so its connection ends with the answer. */
export const asksForUpgrade = ({ headers }: IncomingMessage): boolean => headers.upgrade !== undefined;
