import { execFileSync } from 'node:child_process';
import type { BenchPod } from '../contestant/exec.ts';

/** Makes namespaces as a runtime would; they are used again and again. */
export function makePods(label: string, count: number): readonly BenchPod[] {
  const pods = Array.from({ length: count }, (_, index) => {
    const name = `${label}-${index}`;
    return { name, netns: `/run/netns/${name}`, containerId: `${name}-sandbox` };
  });
  ipBatch(pods.map(({ name }) => `netns add ${name}`));
  return pods;
}

export const removePods = (pods: readonly BenchPod[]) =>
  ipBatch(pods.map(({ name }) => `netns del ${name}`));

function ipBatch(lines: readonly string[]): void {
  execFileSync('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
}
