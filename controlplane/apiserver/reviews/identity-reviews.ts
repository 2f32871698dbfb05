/** authentication.k8s.io/v1: who somebody is. */
import type { TokenAuthenticator } from '../../auth/authenticators/chain';
import { API_AUDIENCE, type Identity } from '../../auth/identity';
import { badRequest } from '../http/errors';
import type { Resource } from '../resources/resource';
import { isObject, type JsonObject } from '../schema/schema';
import { review, textOf, textsOf } from './define';

const GROUP = 'authentication.k8s.io';
export function identityReviews(tokens: TokenAuthenticator): Resource[] {
  return [
    review(
      {
        group: GROUP, plural: 'selfsubjectreviews', singular: 'selfsubjectreview', kind: 'SelfSubjectReview', namespaced: false, dated: true,
        description: 'SelfSubjectReview tells whoever asks who they are.',
      },
      ({ identity }) => ({ userInfo: userInfo(identity) }),
    ),
    review(
      {
        group: GROUP, plural: 'tokenreviews', singular: 'tokenreview', kind: 'TokenReview', namespaced: false,
        description: 'TokenReview checks a token.',
      },
      (_request, asked) => tokenStatus(tokens, isObject(asked.spec) ? asked.spec : {}),
    ),
  ];
}

async function tokenStatus(tokens: TokenAuthenticator, spec: JsonObject): Promise<JsonObject> {
  const token = textOf(spec.token);
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  const asked = textsOf(spec.audiences);
  const audiences = asked.length === 0 ? [API_AUDIENCE] : asked;
  const found = await tokens.authenticateToken(token, audiences);
  if (!found) {
    const why = await tokens.whyNot?.(token, audiences);
    return { user: {}, error: why === undefined ? 'invalid bearer token' : `[invalid bearer token, ${why}]` };
  }
  return { authenticated: true, user: userInfo(found.identity), audiences: found.audiences };
}

function userInfo({ user, uid, groups, extra }: Identity): JsonObject {
  return { username: user, ...(uid && { uid }), groups, ...(extra && Object.keys(extra).length > 0 && { extra }) };
}
