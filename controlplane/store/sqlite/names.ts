/** Names of objects to be created. */
import { randomBytes } from 'node:crypto';
import type { ObjectMeta } from '../../../crds/meta';
import { StoreError } from '../store';
import { keyOf, SEPARATOR, type Table } from './table';

const ATTEMPTS = 8;
/** A name has at most 253 characters. */
const MAX_PREFIX = 248;
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** @throws StoreError AlreadyExists, Invalid */
export function freeName(table: Table, namespace: string, meta: ObjectMeta, suffix: () => string): string {
  const { name, generateName } = meta;
  const { resource } = table;
  if (name) {
    const stray = ['\0', SEPARATOR].find((each) => `${namespace}${name}`.includes(each));
    if (stray !== undefined) throw new StoreError('Invalid', `${resource}: metadata.name must not contain a ${stray === '\0' ? 'NUL character' : stray}`, { resource });
    if (!table.latest(keyOf(namespace, name))) return name;
    throw new StoreError('AlreadyExists', `${resource} "${name}" already exists`, { resource, name });
  }
  if (!generateName) throw new StoreError('Invalid', `${resource}: metadata.name or metadata.generateName must be set`, { resource });
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const generated = generateName.slice(0, MAX_PREFIX) + suffix();
    if (!table.latest(keyOf(namespace, generated))) return generated;
  }
  throw new StoreError('AlreadyExists', `${resource}: no free name found for generateName "${generateName}"; try again`, { resource });
}

/** Five characters, none of which makes words or is taken for another. */
export function randomSuffix(): string {
  return Array.from(randomBytes(5), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}
