import { CLOSE } from '../../../crds/agent-link';

/** The peer breaks the protocol: it is told why, and the connection is closed with `close`. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';

  constructor(
    /** CamelCase, for machines. */
    readonly code: string,
    message: string,
    readonly close: number = CLOSE.protocol,
  ) {
    super(message);
  }
}
