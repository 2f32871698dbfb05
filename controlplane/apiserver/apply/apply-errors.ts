/** Refusals of server-side apply as Status objects. */
import { ApiError } from '../http/errors';
import { showPath } from './field-set';
import { identityOf } from './managed-fields';
import type { Conflict } from './updater';

/** `"kubectl-edit" using gleaner.dev/v1alpha1`, with the subresource that was written through */
function showManager(key: string): string {
  const { manager, operation, apiVersion, subresource } = identityOf(key);
  const name = JSON.stringify(manager) + (subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}

/** 409 with one cause per field; kubectl adds how to go on. */
export function applyConflict(conflicts: readonly Conflict[]): ApiError {
  const causes = conflicts.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${showManager(manager)}`,
    field: showPath(path),
  }));
  return new ApiError(409, 'Conflict', messageOf(conflicts), { causes });
}

function messageOf(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1) return `Apply failed with 1 conflict: conflict with ${showManager(first.manager)}: ${showPath(first.path)}`;
  const managers = [...new Set(conflicts.map(({ manager }) => manager))].sort();
  const lines = managers.flatMap((key) => [
    `conflicts with ${showManager(key)}:`,
    ...conflicts.filter(({ manager }) => manager === key).map(({ path }) => `- ${showPath(path)}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}
