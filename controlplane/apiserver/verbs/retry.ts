/** One write at a time per object, repeated when writers outside of requests were faster. */
import { ApiError, conflict } from '../http/errors';
import type { ApiContext, ResourceRequest } from './context';

const ATTEMPTS = 5;

/**
 * Runs `attempt` until it wins: writers outside of requests (controllers) may be faster. @throws ApiError 409 when they always are
 * @param attempt in one turn of the event loop when it is told to hurry: then nobody is faster
 */
export function retrying<T>(context: ApiContext, request: ResourceRequest, attempt: (hurry: boolean) => Promise<T | 'stale'>): Promise<T> {
  const { resource, namespace, name } = request;
  return context.locks.run(`${resource.name} ${namespace}/${name}`, async () => {
    for (let number = 0; number < ATTEMPTS; number++) {
      const result = await attempt(number === ATTEMPTS - 1);
      if (result !== 'stale') return result as T;
    }
    throw conflict(resource, name);
  });
}

/** 'stale' instead of a 409, unless the client insists on a version. */
export async function unlessStale<T>(insists: boolean, write: () => Promise<T>): Promise<T | 'stale'> {
  try {
    return await write();
  } catch (error) {
    if (!insists && error instanceof ApiError && error.status.code === 409) return 'stale';
    throw error;
  }
}
