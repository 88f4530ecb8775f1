import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { createFakeTerminal } from './fake-terminal.ts';
import { runCli } from './run-cli.ts';

/** A command line as it is typed; quotes keep words together. */
const words = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

async function run(line: string, files: Readonly<Record<string, string>> = {}, isErrTty = false) {
  const terminal = createFakeTerminal(files, { isErrTty });
  let nowMs = 0;
  const exitCode = await runCli(words(line), terminal, () => (nowMs += 400));
  return { exitCode, out: terminal.output(), err: terminal.errors(), files: terminal.files };
}

const SCENE = '--instance m5.large --trace burst:pods=12';

const mistakes: readonly {
  readonly line: string;
  readonly says: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}[] = [
  { line: 'fly', says: ['command', '"fly"', 'choose max-pods, plan, simulate'] },
  { line: 'max-pods', says: ['TYPE is missing', 'm5.large'] },
  { line: 'max-pods m5.larg', says: ['TYPE', '"m5.larg"', 'check the spelling'] },
  { line: 'max-pods m5.large --vcpus none', says: ['--vcpus', '"none"', 'whole number from 1'] },
  { line: 'max-pods m5.large --vpcus 3', says: ['--vpcus', 'the options are --prefix'] },
  { line: 'simulate --trace burst:pods=1', says: ['--instance is missing', '--enis'] },
  { line: 'simulate --instance m5.large', says: ['--trace is missing', 'churn:pods=20'] },
  { line: 'simulate --instance m5.large --trace', says: ['--trace', 'a value belongs after it'] },
  {
    line: 'simulate --instance m5.large --trace burst:pots=1',
    says: ['--trace burst', '"burst:pots=1"', 'pods=…'],
  },
  { line: 'simulate --instance m5.large --trace churn:pods=1', says: ['add life=…'] },
  {
    line: 'simulate --instance m5.large --trace churn:pods=1,life=5',
    says: ['--trace churn life', '"5"', '30s, 5m'],
  },
  { line: 'simulate --instance m5.large --trace churn:pods=1,life=1ms', says: ['at least 100ms'] },
  { line: 'simulate --instance m5.large --trace none.json', says: ['none.json', 'can be read'] },
  {
    line: 'simulate --instance m5.large --trace a.json',
    files: { 'a.json': '{' },
    says: ['a.json', 'correct its JSON'],
  },
  {
    line: 'simulate --instance m5.large --trace a.json',
    files: { 'a.json': '{"durationMs":1,"pods":[{"startAtMs":"x"}]}' },
    says: ['pods[0].startAtMs', '"x"', 'write a number here'],
  },
  {
    line: 'simulate --instance m5.large --trace a.json',
    files: { 'a.json': '{"durationMs":9,"pods":[{"startAtMs":5,"stopAtMs":4}]}' },
    says: ['pods[0].stopAtMs', 'got 4', 'no earlier than its start'],
  },
  {
    line: 'simulate --instance m5.large --trace a.json',
    files: { 'a.json': '[{"atMs":1,"podId":"a","kind":"NEW"}]' },
    says: ['[0].kind', '"NEW"', 'ADD or DEL'],
  },
  {
    line: `simulate ${SCENE} --set WARM_IP_TARGET=-1`,
    says: ['--set WARM_IP_TARGET', '"-1"', 'whole number from 0'],
  },
  { line: `simulate ${SCENE} --set WARM_IPS=1`, says: ['--set', '"WARM_IPS=1"', 'WARM_IP_TARGET'] },
  { line: `simulate ${SCENE} --set MAX_ENI=0`, says: ['--set MAX_ENI', '"0"', 'from 1'] },
  {
    line: `simulate ${SCENE} --strategy best`,
    says: ['--strategy', '"best"', 'default or upstream'],
  },
  { line: `simulate ${SCENE} --subnet /29`, says: ['--subnet', '"/29"', '/16 to /28'] },
  { line: `simulate ${SCENE} --subnet /24:used=2`, says: ['--subnet used', '"2"', '0 to 1'] },
  { line: `simulate ${SCENE} --writes 0/5`, says: ['--writes', '"0/5"', '50/5'] },
  { line: `simulate ${SCENE} --nodes 0`, says: ['--nodes', '"0"', 'from 1'] },
  {
    line: `simulate ${SCENE} --html /nowhere/x.html`,
    says: ['--html', '/nowhere', 'can be written'],
  },
  { line: `compare ${SCENE} --setting best`, says: ['--setting', '"best"', 'default or upstream'] },
  { line: `recommend ${SCENE} --fewest pods`, says: ['--fewest', '"pods"', 'ec2-calls'] },
  { line: `recommend ${SCENE} --p99 soon`, says: ['--p99', '"soon"', '30s'] },
  { line: 'plan', says: ['FILE is missing', 'name one file'] },
  { line: 'plan a.json', files: { 'a.json': '[]' }, says: ['input', 'a JSON object'] },
  {
    line: 'plan a.json',
    files: { 'a.json': '{"instanceType":"t3.small","state":{"enis":[]}}' },
    says: ['input.state.maxPods', 'write a number'],
  },
  {
    line: 'plan a.json',
    files: { 'a.json': '{"state":{"maxPods":1,"enis":[{"eniId":"e"}]},"instanceType":"t3.small"}' },
    says: ['input.state.enis[0].totalCount', 'write a number'],
  },
  {
    line: 'plan a.json',
    files: {
      'a.json':
        '{"state":{"maxPods":1,"enis":[]},"limits":{"maxEnis":3,"addressesPerEni":4},"environment":{"WARM_ENI_TARGET":"x"}}',
    },
    says: ['input.environment WARM_ENI_TARGET', '"x"'],
  },
];

test.each(mistakes)(
  '$line: the mistake is named, and what to do',
  async ({ line, says, files }) => {
    const { exitCode, out, err } = await run(line, files);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    for (const part of says) expect(err).toContain(part);
    expect(err.endsWith('\n')).toBe(true);
    expect(err.trim().split('\n')).toHaveLength(1);
  },
);

test('max-pods prints one row per type', async () => {
  const { exitCode, out } = await run('max-pods m5.large t3.small');
  expect(exitCode).toBe(0);
  expect(out.split('\n').slice(2)).toEqual([
    'm5.large             29     3                 10              3         27',
    't3.small             11     3                  4              3          9',
    '',
  ]);
});

const shortNode = JSON.stringify({
  instanceType: 't3.small',
  environment: { WARM_IP_TARGET: '2' },
  state: {
    maxPods: 11,
    enis: [{ eniId: 'eni-1', isPrimary: true, totalCount: 3, reservedCount: 3 }],
  },
});

test('plan prints actions and figures, by either strategy', async () => {
  const { out } = await run('plan -', { '-': shortNode });
  expect(out).toContain('create-eni  below-warm-ips  addressCount 2');
  const upstream = { ...JSON.parse(shortNode), strategy: 'upstream' };
  const { out: json } = await run('plan - --json', { '-': JSON.stringify(upstream) });
  expect(JSON.parse(json).actions).toEqual([
    { kind: 'create-eni', addressCount: 2, networkCardIndex: 0, reason: 'below-warm-ips' },
  ]);
});

test('plan says what is not done', async () => {
  const full = { ...JSON.parse(shortNode), limits: { maxEnis: 1, addressesPerEni: 4 } };
  delete full.instanceType;
  const { out } = await run('plan -', { '-': JSON.stringify(full) });
  expect(out).toContain('nothing to do');
  expect(out).toContain('eni-limit');
});

test('simulate shows a chart, the figures and the calls', async () => {
  const { out, err } = await run(`simulate ${SCENE} --strategy upstream`);
  expect(out).toContain('burst:pods=12 on m5.large');
  expect(out).toContain('addresses: █ used, ─ held');
  expect(out).toMatch(/^pods served\s+12$/m);
  expect(out).toMatch(/^CreateNetworkInterface\s+2$/m);
  expect(err).toBe('');
});

test('compare has both strategies beside each other, unless told otherwise', async () => {
  expect((await run(`compare ${SCENE}`)).out).toMatch(/^ +upstream +default$/m);
  const { out } = await run(`compare ${SCENE} --setting 'upstream,WARM_IP_TARGET=3' --json`);
  const { results } = JSON.parse(out);
  expect(results).toHaveLength(1);
  expect(results[0]).toMatchObject({
    name: 'upstream WARM_IP_TARGET=3',
    waits: { podCount: 12 },
    ec2: { throttledCount: 0 },
  });
  expect(results[0].timeline).toHaveLength(240);
});

test('names too long for a table become letters with a key', async () => {
  const long = "--setting 'upstream WARM_IP_TARGET=3 MINIMUM_IP_TARGET=8' --setting default";
  const { out } = await run(`compare ${SCENE} ${long} --figures-only`);
  expect(out).toContain('A: upstream WARM_IP_TARGET=3 MINIMUM_IP_TARGET=8\nB: default\n');
  expect(out).toMatch(/^ +A +B$/m);
  expect(out).not.toContain('█');
  expect(out).not.toContain('CreateNetworkInterface');
});

test('recommend names the targets it recommends', async () => {
  const { out } = await run(`recommend ${SCENE} --p99 10s --fewest ec2-calls`);
  expect(out).toMatch(/^recommended: WARM_/m);
  const hopeless = await run('recommend --instance t3.nano --trace burst:pods=5 --max-pods 20');
  expect(hopeless.out).toContain('no targets keep the p99 wait within 1 s:');
});

test('a trace may come from a file, as pods or as recorded calls', async () => {
  const pods = {
    durationMs: 60_000,
    pods: [{ startAtMs: 0 }, { startAtMs: 5_000, stopAtMs: 9_000 }],
  };
  const calls = [
    { atMs: 1_000, kind: 'ADD', podId: 'a' },
    { atMs: 61_000, kind: 'DEL', podId: 'a' },
  ];
  const files = { 'p.json': JSON.stringify(pods), 'c.json': JSON.stringify(calls) };
  const line = 'simulate --instance m5.large --trace p.json --trace c.json --json';
  const [{ waits, durationMs }] = JSON.parse((await run(line, files)).out).results;
  expect({ podCount: waits.podCount, durationMs }).toEqual({ podCount: 3, durationMs: 60_000 });
});

test('a page is written beside the tables, and its path told', async () => {
  const { out, err, files } = await run(`simulate ${SCENE} --html out.html`);
  expect(out).toContain('pods served');
  expect(err).toBe('charts: out.html\n');
  expect(files.get('out.html')).toMatch(/^<!doctype html>/);
  expect((await run(`recommend ${SCENE} --html r.html`)).files.get('r.html')).toContain('WARM_');
});

test('progress is shown to people only, and wiped away', async () => {
  const line = `compare ${SCENE}`;
  expect((await run(line)).err).toBe('');
  const { err } = await run(line, {}, true);
  expect(err).toContain('comparing ');
  expect(err).toContain('100 %');
  expect(err.endsWith('\r\u001b[K')).toBe(true);
});

describe.each(['max-pods', 'plan', 'simulate', 'compare', 'recommend'])('%s --help', (name) => {
  test('fits the command, and its example works', async () => {
    const { exitCode, out } = await run(`${name} --help`);
    expect(exitCode).toBe(0);
    expect(out.startsWith(`warm-pool ${name} `)).toBe(true);
    expect(out).toContain('--json');
    const example = out.slice(out.indexOf('For instance:')).split('\n')[1] ?? '';
    const [, input = '', line = ''] = /^(?: *echo '(.*)' \|)? *warm-pool (.*)$/.exec(example) ?? [];
    expect(await run(line, { '-': input })).toMatchObject({ exitCode: 0, err: '' });
  });
});

test('without a command it tells what there is', async () => {
  for (const line of ['', 'help', '--help']) {
    const { exitCode, out } = await run(line);
    expect(exitCode).toBe(0);
    for (const name of ['max-pods', 'plan', 'simulate', 'compare', 'recommend']) {
      expect(out).toContain(`\n  ${name} `);
    }
  }
});

test('the program itself prints, and exits with 2 for what it cannot use', async () => {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const start = (...args: readonly string[]) =>
    promisify(execFile)(process.execPath, ['--conditions=@vpc-cni/source', main, ...args]);
  expect((await start('max-pods', 't3.small')).stdout).toContain('t3.small');
  await expect(start('max-pods', 'none')).rejects.toMatchObject({ code: 2 });
});
