/** The order of Kubernetes' version names: `v10` > `v2` > `v1` > `v3beta1` > `v2alpha1` > anything else, by its letters backwards. */

const VERSION = /^v(\d+)(?:(alpha|beta)(\d+))?$/;
const STABILITY: Readonly<Record<string, number>> = { alpha: 1, beta: 2 };

/** Positive when `a` is preferred to `b`. */
export function compareVersions(a: string, b: string): number {
  const left = VERSION.exec(a);
  const right = VERSION.exec(b);
  if (!left || !right) {
    if (left || right) return left ? 1 : -1;
    return a === b ? 0 : a < b ? 1 : -1;
  }
  const parts = ([, major, stage, minor = '0']: RegExpExecArray): number[] => [stage === undefined ? 3 : STABILITY[stage], Number(major), Number(minor)];
  const of = parts(right);
  for (const [at, part] of parts(left).entries()) if (part !== of[at]) return part - of[at];
  return 0;
}
