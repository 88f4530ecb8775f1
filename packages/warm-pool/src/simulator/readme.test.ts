import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import * as simulator from './index.ts';

const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
const section = readme.slice(readme.indexOf('## Simulator'), readme.indexOf('## Command line'));

test('the example of the simulator runs, and shows what it is about', async () => {
  const [, example = ''] = /```ts\n(.*?)```/s.exec(section) ?? [];
  const file = fileURLToPath(new URL('../../.simulator-example.ts', import.meta.url));
  await writeFile(file, example);
  try {
    const args = ['--conditions=@vpc-cni/source', '--disable-warning=ExperimentalWarning', file];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const waits = [...stdout.matchAll(/longest wait (\d+) s/g)].map(([, seconds]) =>
      Number(seconds),
    );
    expect(waits).toHaveLength(2);
    expect(waits[0]).toBeGreaterThan(10 * (waits[1] ?? 0));
  } finally {
    await rm(file, { force: true });
  }
});

test('every export is in the table', () => {
  for (const name of Object.keys(simulator)) {
    expect(section).toContain(`\`${name}`);
  }
});
