/**
 * Carries out all tasks, one after the other, whatever becomes of those before.
 *
 * @param what what they are for, as the error's text begins.
 * @throws {AggregateError} of all failures.
 */
export async function tryAll(
  what: string,
  tasks: readonly (() => Promise<unknown>)[],
): Promise<void> {
  const errors: unknown[] = [];
  for (const task of tasks) await task().catch((error: unknown) => errors.push(error));
  if (errors.length === 0) return;
  const reasons = errors.map((error) => (error instanceof Error ? error.message : String(error)));
  throw new AggregateError(errors, `${what}: ${reasons.join('; ')}`);
}
