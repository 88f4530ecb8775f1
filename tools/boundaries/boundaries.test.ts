import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from '@jest/globals';

const fixtures = fileURLToPath(new URL('fixtures', import.meta.url));

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

let violations: readonly Violation[];

beforeAll(async () => {
  const report = await cruise(fixtures);
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
  ['a library that imports an app', 'library-imports-app.ts', 'nothing-imports-an-app'],
  ['an app that imports another', 'app-imports-app.ts', 'nothing-imports-an-app'],
  ['a tool that imports an app', 'tool-imports-app.ts', 'nothing-imports-an-app'],
  ['an app that imports a tool', 'app-imports-tool.ts', 'only-tools-import-tools'],
  [
    'an app that imports the emulator',
    'app-imports-emulator.ts',
    'apps-do-not-import-test-packages',
  ],
  ['production code that imports a fake', 'production-imports-fake.ts', 'fakes-are-for-tests'],
  [
    'a relative path from a package into another',
    'coordination-imports-adapter.ts',
    'packages-are-imported-by-name',
  ],
  [
    'a relative path from a test into another package',
    'test-imports-by-path.test.ts',
    'packages-are-imported-by-name',
  ],
  [
    'a relative path from an app into a package',
    'app-imports-by-path.ts',
    'packages-are-imported-by-name',
  ],
  [
    'a relative path from a tool into a package',
    'tool-imports-by-path.ts',
    'packages-are-imported-by-name',
  ],
  ['a deep path into a package', 'app-imports-deep-path.ts', 'imports-resolve'],
])('lint refuses %s', (_, file, rule) => {
  expect(rulesBrokenBy(file)).toContain(rule);
});

test('lint lets a test import the fake beside it', () => {
  expect(rulesBrokenBy('test-imports-fake.test.ts')).toEqual([]);
});

const rulesBrokenBy = (file: string) =>
  violations.filter(({ from }) => from.endsWith(`/${file}`)).map(({ rule }) => rule.name);

/** The report on a directory, looked at as if it were the whole project. */
function cruise(directory: string): Promise<string> {
  const config = fileURLToPath(new URL('fixtures.dependency-cruiser.mjs', import.meta.url));
  const program = fileURLToPath(
    new URL('../../node_modules/dependency-cruiser/bin/dependency-cruiser.mjs', import.meta.url),
  );
  const what = ['packages', 'apps', 'tools'];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, '--config', config, '--output-type', 'json', ...what],
      { cwd: directory },
      (_error, stdout) => resolve(stdout),
    );
  });
}
