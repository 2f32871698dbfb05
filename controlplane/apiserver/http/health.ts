/** `/healthz`, `/livez`, `/readyz` in kube-apiserver's words: `?verbose`, `?exclude=…`, and each check by its own path. */

export interface HealthCheck {
  name: string;
  /** Whether all is well. */
  ok: () => boolean;
}

export interface HealthAnswer {
  code: 200 | 404 | 500;
  text: string;
}

const ROOTS = ['/healthz', '/livez', '/readyz'] as const;
export type HealthRoot = (typeof ROOTS)[number];

export type HealthChecks = Readonly<Record<HealthRoot, readonly HealthCheck[]>>;

/** The root of a health path, itself or below it. Who may see the root sees no single check's reason. */
export function healthRoot(path: string): { root: HealthRoot; check: string } | undefined {
  for (const root of ROOTS) {
    if (path === root || path === `${root}/`) return { root, check: '' };
    if (path.startsWith(`${root}/`)) return { root, check: path.slice(root.length + 1) };
  }
  return undefined;
}

/** All checks of a root, or one by its name. */
export function health(checks: HealthChecks, root: HealthRoot, check: string, query: URLSearchParams): HealthAnswer {
  const all = checks[root];
  if (check !== '') {
    const one = all.find(({ name }) => name === check);
    if (!one) return { code: 404, text: '404 page not found\n' };
    return one.ok() ? { code: 200, text: 'ok' } : { code: 500, text: `internal server error: ${check} is not well\n` };
  }
  const excluded = new Set(query.getAll('exclude'));
  let lines = '';
  let failed = false;
  for (const { name, ok } of all) {
    if (excluded.delete(name)) lines += `[+]${name} excluded: ok\n`;
    else if (ok()) lines += `[+]${name} ok\n`;
    else {
      failed = true;
      lines += `[-]${name} failed: reason withheld\n`;
    }
  }
  if (excluded.size > 0) {
    lines += `warn: some health checks cannot be excluded: no matches for ${[...excluded].sort().map((name) => JSON.stringify(name.slice(0, 256))).join(',')}\n`;
  }
  const word = root.slice(1);
  if (failed) return { code: 500, text: `${lines}${word} check failed\n` };
  return { code: 200, text: query.has('verbose') ? `${lines}${word} check passed\n` : 'ok' };
}
