/** Clean shutdown of commands that go on until they are told to stop. */

/** SIGINT or SIGTERM: `stop`, then exit 0; the second one exits at once. */
export function onEnd(stop: () => Promise<void>): void {
  let ending = false;
  const end = (): void => {
    if (ending) process.exit(130);
    ending = true;
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`gleaner: ${error instanceof Error ? error.message : String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
}
