import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { configCommand } from './config-command.ts';

const run = (line: string, environment: Readonly<Record<string, string>> = {}) =>
  configCommand(line.split(' '), { ENABLE_IPv4: 'true', ...environment });

test('explains the environment as text', () => {
  const { exitCode, stdout, stderr } = run('config explain', { WARM_IP_TARGET: '5' });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain('WARM_IP_TARGET = 5  (environment)');
});

test('explains the environment as JSON, with what EC2 does not take as a tag', () => {
  const { exitCode, stdout } = run('config explain --json', {
    ADDITIONAL_ENI_TAGS: '{"node.k8s.amazonaws.com/x": "1"}',
  });
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout).settings).toContainEqual(
    expect.objectContaining({
      variable: 'ADDITIONAL_ENI_TAGS',
      notices: [expect.objectContaining({ value: 'node.k8s.amazonaws.com/x' })],
    }),
  );
});

test('fails where the daemon or the installer would not start, and says why', () => {
  const { exitCode, stdout } = run('config explain', { IP_COOLDOWN_PERIOD: 'soon' });
  expect(exitCode).toBe(1);
  expect(stdout).toContain('problem: IP_COOLDOWN_PERIOD is "soon"');
});

test('prints the table as the page of the documentation, and as data', async () => {
  const page = new URL('../../../docs/configuration.md', import.meta.url);
  expect(run('config table --format markdown').stdout).toBe(await readFile(page, 'utf8'));
  expect(JSON.parse(run('config table --format json').stdout)).toContainEqual(
    expect.objectContaining({ variable: 'WARM_ENI_TARGET', byDefault: 1, parser: 'IB' }),
  );
});

test.each(['config', 'config explain --yaml', 'config table', 'serve', '--help'])(
  '%j is no command',
  (line) =>
    expect(run(line)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringMatching(/^usage:/),
    }),
);
