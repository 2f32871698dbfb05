/** Clean shutdown of commands that go on until they are told to stop. */

const MESSAGE = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** SIGINT or SIGTERM: `stop`, then exit 0; the second one exits at once. */
export function onEnd(stop: () => Promise<void>): void {
  let ending = false;
  const end = (): void => {
    if (ending) process.exit(130);
    ending = true;
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`gleaner: ${MESSAGE(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
}

/** As onEnd; also ends the process, with code 1, when it stopped by itself (the agent was revoked, say). */
export function onDrain(drain: () => Promise<void>, stopped: Promise<unknown>): void {
  onEnd(drain);
  stopped.then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`gleaner: ${MESSAGE(error)}\n`);
      process.exit(1);
    },
  );
}
