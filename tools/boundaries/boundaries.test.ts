import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

let violations: readonly Violation[];

beforeAll(async () => {
  const report = await cruise('tools/boundaries/fixtures');
  violations = (JSON.parse(report) as { summary: { violations: Violation[] } }).summary.violations;
});

test.each([
  ['a core that imports an adapter', 'core-imports-adapter.ts', 'warm-pool-imports-only-itself'],
  ['a core that imports Node', 'core-imports-node.ts', 'core-is-free-of-node'],
  [
    'an adapter that imports coordination',
    'adapter-imports-coordination.ts',
    'host-network-imports-only-itself',
  ],
  [
    'coordination that imports an adapter',
    'coordination-imports-adapter.ts',
    'pool-controller-imports-only-warm-pool-and-ipam',
  ],
  ['a library that imports an app', 'library-imports-app.ts', 'apps-and-tools-are-not-libraries'],
  [
    'an app that imports the emulator',
    'app-imports-emulator.ts',
    'apps-do-not-import-test-packages',
  ],
])('lint refuses %s', (_, file, rule) => {
  const broken = violations.filter(({ from }) => from.endsWith(file)).map((v) => v.rule.name);
  expect(broken).toContain(rule);
});

function cruise(path: string): Promise<string> {
  const config = 'tools/boundaries/fixtures.dependency-cruiser.mjs';
  const program = 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs';
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, '--config', config, '--output-type', 'json', path],
      { cwd: root },
      (_error, stdout) => resolve(stdout),
    );
  });
}
