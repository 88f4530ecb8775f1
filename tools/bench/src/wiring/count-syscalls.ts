import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * System calls of this process, on all its threads, while `work` runs; undefined where there is no strace,
 * or it may not look.
 */
export async function countSyscalls(work: () => Promise<void>): Promise<number | undefined> {
  const strace = spawn('strace', ['-f', '-c', '-p', String(process.pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  let isOver = false;
  const over = new Promise<void>((resolve) => {
    const end = () => {
      isOver = true;
      resolve();
    };
    strace.once('error', end).once('close', end);
  });
  strace.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  while (!isOver && !output.includes('attached')) {
    await Promise.race([over, once(strace.stderr, 'data')]);
  }
  if (isOver) return undefined;
  await work();
  strace.kill('SIGINT');
  await over;
  // The last line: 100.00 seconds usecs/call calls [errors] total
  const total = /^100\.00\s+\S+\s+\S+\s+(\d+)\s.*total$/m.exec(output);
  return total?.[1] === undefined ? undefined : Number(total[1]);
}
