/** Policy rules: what one allows, whether some cover others, how they are shown. Pure. */
import type { Attributes } from '../authorizer';
import type { PolicyRule } from './types';

const NONE: readonly string[] = [];
const ALL = '*';

/** Whether `rule` allows the request. Where (which namespace) is the binding's matter, not the rule's. */
export function ruleAllows(rule: PolicyRule, { verb, resource, path }: Attributes): boolean {
  if (!hasOrAll(rule.verbs, verb)) return false;
  if (!resource) return (rule.nonResourceURLs ?? NONE).some((pattern) => urlCovers(pattern, path));
  const { group, plural, subresource, name } = resource;
  return hasOrAll(rule.apiGroups ?? NONE, group) && resourceMatches(rule.resources ?? NONE, plural, subresource) && nameMatches(rule.resourceNames ?? NONE, name);
}

const hasOrAll = (set: readonly string[], value: string): boolean => set.includes(ALL) || set.includes(value);
const nameMatches = (names: readonly string[], name: string): boolean => names.length === 0 || names.includes(name);

function resourceMatches(resources: readonly string[], plural: string, subresource: string): boolean {
  if (resources.includes(ALL)) return true;
  if (subresource === '') return resources.includes(plural);
  return resources.includes(`${plural}/${subresource}`) || resources.includes(`*/${subresource}`);
}

/** `*` at the end stands for anything. */
function urlCovers(pattern: string, path: string): boolean {
  return pattern === path || (pattern.endsWith(ALL) && path.startsWith(pattern.replace(/\*+$/, '')));
}

/** The rules with one verb, group, resource, name or URL each that `rule` consists of. */
export function breakdown(rule: PolicyRule): PolicyRule[] {
  const parts: PolicyRule[] = [];
  const names = rule.resourceNames ?? NONE;
  for (const group of rule.apiGroups ?? NONE) {
    for (const resource of rule.resources ?? NONE) {
      for (const verb of rule.verbs) {
        const part = { apiGroups: [group], resources: [resource], verbs: [verb] };
        if (names.length === 0) parts.push(part);
        else parts.push(...names.map((name) => ({ ...part, resourceNames: [name] })));
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? NONE) for (const verb of rule.verbs) parts.push({ nonResourceURLs: [url], verbs: [verb] });
  return parts;
}

/** The parts of `wanted` that none of `held` covers. */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakdown).filter((part) => !held.some((rule) => covers(rule, part)));
}

/** @param part one of `breakdown` */
function covers(rule: PolicyRule, part: PolicyRule): boolean {
  if (!rule.verbs.includes(ALL) && !rule.verbs.includes(part.verbs[0])) return false;
  const [url] = part.nonResourceURLs ?? NONE;
  if (url !== undefined) return (rule.nonResourceURLs ?? NONE).some((pattern) => urlCovers(pattern, url));
  const [group] = part.apiGroups ?? NONE;
  const [resource] = part.resources ?? NONE;
  const [name] = part.resourceNames ?? NONE;
  const names = rule.resourceNames ?? NONE;
  return hasOrAll(rule.apiGroups ?? NONE, group) && resourceCovers(rule.resources ?? NONE, resource) && (names.length === 0 || (name !== undefined && names.includes(name)));
}

function resourceCovers(resources: readonly string[], wanted: string): boolean {
  if (resources.includes(ALL) || resources.includes(wanted)) return true;
  const slash = wanted.indexOf('/');
  return slash >= 0 && resources.includes(`*${wanted.slice(slash)}`);
}

/** Joins rules that differ only in their verbs: one group, one resource, at most one name. The others stay as they are and come first. */
export function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const others: PolicyRule[] = [];
  const simple = new Map<string, PolicyRule & { verbs: string[] }>();
  for (const rule of rules) {
    const { apiGroups = NONE, resources = NONE, resourceNames = NONE, nonResourceURLs = NONE } = rule;
    if (apiGroups.length !== 1 || resources.length !== 1 || resourceNames.length > 1 || nonResourceURLs.length > 0) {
      others.push(rule);
      continue;
    }
    const key = JSON.stringify([apiGroups, resources, resourceNames]);
    const known = simple.get(key);
    if (known) known.verbs.push(...rule.verbs);
    else simple.set(key, { ...rule, verbs: [...rule.verbs] });
  }
  return [...others, ...simple.values()];
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`, as kube-apiserver prints it. */
export function showRule({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts: [string, readonly string[] | undefined][] = [
    ['APIGroups', apiGroups], ['Resources', resources], ['NonResourceURLs', nonResourceURLs], ['ResourceNames', resourceNames], ['Verbs', verbs],
  ];
  const shown = parts.flatMap(([name, values]) => (values && values.length > 0 ? [`${name}:${showList(values)}`] : []));
  return `{${shown.join(', ')}}`;
}

/** `["a" "b"]` */
export const showList = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
