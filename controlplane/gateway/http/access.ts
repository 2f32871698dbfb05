/** Who may use a route: the same authenticators and the same authorizer as for the API. */
import type { IncomingMessage } from 'node:http';
import { GROUP } from '../../../crds/meta';
import { noteAttributes, noteDecision, noteIdentity } from '../../auth/audit/record';
import type { Attributes, Authorizer, ResourceAttributes } from '../../auth/authorizer';
import { AuthError, type Authenticator, type Identity } from '../../auth/identity';
import { HttpError } from './reply';

/** What a route does, as roles say it: a verb on a resource of Gleaner's group, real or only for roles (docs/auth.md). */
export type RouteRight = { verb: string } & Partial<ResourceAttributes> & Pick<ResourceAttributes, 'plural'>;

export class Access {
  constructor(private readonly authenticator: Authenticator, private readonly authorizer: Authorizer) {}

  /**
   * @param right absent: the method on the path
   * @throws HttpError 401, 403
   */
  async require(req: IncomingMessage, right?: RouteRight): Promise<Identity> {
    const identity = await this.identify(req);
    const path = (req.url ?? '/').split('?')[0] as string;
    const attributes = right ? { verb: right.verb, resource: resourceOf(right), path } : { verb: (req.method ?? 'GET').toLowerCase(), path };
    await this.check(req, identity, attributes);
    return identity;
  }

  /** As `require`, of somebody who is known already. @throws HttpError 403 */
  async check(req: IncomingMessage, identity: Identity, attributes: Attributes): Promise<void> {
    noteAttributes(req, attributes);
    const refusal = await this.authorizer(identity, attributes);
    noteDecision(req, refusal);
    if (refusal !== undefined) throw new HttpError(403, 'Forbidden', refusal);
  }

  private async identify(req: IncomingMessage): Promise<Identity> {
    try {
      const identity = await this.authenticator.authenticate(req);
      if (!identity) throw new HttpError(401, 'Unauthorized', 'a valid bearer token is needed', { 'www-authenticate': 'Bearer realm="gleaner"' });
      noteIdentity(req, identity);
      return identity;
    } catch (error) {
      throw error instanceof AuthError ? new HttpError(error.code, error.reason, error.message) : error;
    }
  }
}

function resourceOf({ group = GROUP, plural, subresource = '', namespace = '', name = '', anyNamespace }: RouteRight): ResourceAttributes {
  return { group, plural, subresource, namespace, name, ...(anyNamespace && { anyNamespace }) };
}
