/** Cells of tables as Kubernetes' printers fill them: text where nothing is, `<none>`, times as ages. */
import { isObject, own, type JsonObject } from '../../schema/schema';
import { humanDuration } from '../../table/duration';
import type { PrinterColumn } from '../resource';

export type Cell = (object: JsonObject, now: number) => unknown;

/** The value at a dotted path; undefined when there is none. */
export function at(object: unknown, path: string): unknown {
  let value = object;
  for (const key of path.split('.')) value = isObject(value) ? own(value, key) : undefined;
  return value;
}

export const text = (path: string): Cell => (object) => textOf(at(object, path));
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
export const sizeOf = (value: unknown): number => (Array.isArray(value) ? value.length : isObject(value) ? Object.keys(value).length : 0);
export const listOf = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** How long ago a time was; `<unknown>` without one. */
export function since(value: unknown, now: number): string {
  const time = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? '<unknown>' : humanDuration(now - time);
}

/** `a=b,c=d`, sorted; `<none>` for none. */
export function formatLabels(labels: unknown): string {
  const entries = isObject(labels) ? Object.entries(labels) : [];
  return entries.length === 0 ? '<none>' : entries.map(([key, value]) => `${key}=${String(value)}`).sort().join(',');
}

export const cell = (name: string, render: Cell, description: string, priority = 0): PrinterColumn => ({ name, type: 'string', cell: render, description, priority });
export const column = (name: string, path: string, description: string, priority = 0): PrinterColumn => cell(name, text(path), description, priority);
export const AGE: PrinterColumn = cell('Age', (object, now) => since(at(object, 'metadata.creationTimestamp'), now), 'When the object was created, in the time of the server.');
