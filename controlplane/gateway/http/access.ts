/** Who may use a route: bearer tokens through the shared authenticator and authorizer. */
import type { IncomingMessage } from 'node:http';
import type { Authorizer } from '../../auth/authorizer';
import type { Authenticator, Identity } from '../../auth/identity';
import { HttpError } from './reply';

export class Access {
  constructor(private readonly authenticator: Authenticator, private readonly authorizer: Authorizer) {}

  /** @throws HttpError 401, 403 */
  async require(req: IncomingMessage): Promise<Identity> {
    const identity = await this.authenticator.authenticate(req);
    if (!identity) throw new HttpError(401, 'Unauthorized', 'a valid bearer token is needed', { 'www-authenticate': 'Bearer realm="gleaner"' });
    const path = (req.url ?? '/').split('?')[0] as string;
    const refusal = await this.authorizer(identity, { verb: (req.method ?? 'GET').toLowerCase(), path });
    if (refusal !== undefined) throw new HttpError(403, 'Forbidden', refusal);
    return identity;
  }
}
