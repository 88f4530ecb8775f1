/**
 * Aborts when the process is told to end; from the call on, so let it come before whatever takes time.
 *
 * The daemon is the first process of its container, and the kernel keeps signals from such a process until it has a
 * handler for them: it would run on, and be killed after kubelet's grace period.
 */
export function toldToEnd(): AbortSignal {
  const ending = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => ending.abort(new Error(`ended by ${name}`)));
  }
  return ending.signal;
}
