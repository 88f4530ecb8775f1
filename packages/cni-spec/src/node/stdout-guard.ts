/** Writes a text; resolves to whether it was written: a reader that has gone is not an exception. */
export type WriteText = (text: string) => Promise<boolean>;

/** Writes to a stream as it is now, whatever becomes of its `write` later. */
export function writerTo(stream: NodeJS.WritableStream): WriteText {
  const write = stream.write.bind(stream);
  return (text) => {
    if (text === '') return Promise.resolve(true);
    return new Promise((resolve) => {
      stream.once('error', () => resolve(false));
      write(text, (error) => resolve(error === null || error === undefined));
    });
  };
}

/**
 * Leads everything that is written to stdout, `console.log` included, to stderr from now on, and gives
 * the only way left to write to stdout: one line of a log in front of a result makes it unreadable.
 *
 * For good: a promise that nobody waits for may log after the result. What goes around the stream is
 * not seen: `fs.writeSync(1, …)`, and child processes that inherit stdout.
 */
export function guardStdout(process: {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}): WriteText {
  const { stdout, stderr } = process;
  const print = writerTo(stdout);
  Object.assign(stdout, { write: stderr.write.bind(stderr) });
  return print;
}
