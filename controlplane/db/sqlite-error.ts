/**
 * SQLite's errors, told by their shape: the native module makes one class of them per process, which under a test runner with
 * several module registries is not the class (nor even the `Error`) that a file sees.
 */
export interface SqliteFailure {
  /** SQLite's result code, e.g. `SQLITE_FULL`. */
  code: string;
  message: string;
}

/** @returns undefined when the error does not come from SQLite */
export function sqliteFailure(error: unknown): SqliteFailure | undefined {
  if (typeof error !== 'object' || error === null || !('name' in error && 'code' in error && 'message' in error)) return undefined;
  const { name, code, message } = error;
  return name === 'SqliteError' && typeof code === 'string' ? { code, message: String(message) } : undefined;
}
