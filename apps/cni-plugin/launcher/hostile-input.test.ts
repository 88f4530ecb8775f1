// The launcher under AddressSanitizer and UndefinedBehaviorSanitizer against everything that is not as
// it should be. What it answers is tested elsewhere; here it only has to stay whole and come to an end.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Answerer,
  answerWith,
  LAUNCHER_ASAN,
  type Launch,
  launch,
  make,
  makeRunDirectory,
  type RunDirectory,
  replyOf,
} from './launch.ts';

const MIB = 1024 * 1024;
const SHORT = { AWS_VPC_K8S_CNI_TIMEOUT_MS: '200' };

let run: RunDirectory;
let answer: Answerer = () => undefined;

beforeAll(async () => {
  await make('asan');
  run = await makeRunDirectory();
  await run.listen((connection, request) => answer(connection, request));
});
afterAll(() => run.remove());

/** Runs the launcher and gives its exit status; fails when a sanitizer had something to say. */
async function survives(given: Omit<Launch, 'environment'> & Partial<Launch>): Promise<number> {
  const environment = { ...run.environment('ADD'), ...given.environment };
  const launched = await launch({ program: LAUNCHER_ASAN, ...given, environment });
  expect(launched.stderr).toBe('');
  return launched.exitCode ?? Number.NaN; // ended by a signal
}

describe('streams', () => {
  test.each([
    { name: 'a stdin of 2 MiB', stdin: Buffer.alloc(2 * MIB), exitCode: 1 },
    { name: 'a stdin that never ends', stdin: 'open' as const, environment: SHORT, exitCode: 1 },
    { name: 'a closed stdin', redirections: '<&-', exitCode: 0 },
    { name: 'a directory as stdin', redirections: '</', exitCode: 1 },
    { name: 'a closed stdout', redirections: '>&-', exitCode: 1 },
    { name: 'a full stdout', redirections: '>/dev/full', exitCode: 1 },
    { name: 'a stdout opened for reading', redirections: '1</dev/null', exitCode: 1 },
    { name: 'a closed stderr', redirections: '2>&-', exitCode: 0 },
    { name: 'all of them closed', redirections: '<&- >&- 2>&-', exitCode: 1 },
  ])('survives $name', async ({ exitCode, ...given }) => {
    answer = answerWith(replyOf(0, 'result'));
    expect(await survives(given)).toBe(exitCode);
  });

  test('survives a reader of stdout that has gone, for a result larger than a pipe', async () => {
    answer = answerWith(replyOf(0, Buffer.alloc(MIB)));
    // The exit status is the shell's here; what counts is that no sanitizer speaks.
    expect(await survives({ redirections: '| true; exit 1' })).toBe(1);
  });
});

describe('replies', () => {
  const head = 'HTTP/1.1 200 OK\r\nCni-Exit-Code: 0\r\n';
  const replies: readonly { readonly name: string; readonly reply: string | Uint8Array }[] = [
    { name: 'nothing', reply: '' },
    {
      name: 'garbage',
      reply: Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256)),
    },
    { name: 'nothing but NUL', reply: Buffer.alloc(100_000) },
    { name: 'nothing but blank lines', reply: '\r\n'.repeat(50_000) },
    { name: 'a truncated status line', reply: 'HTTP/1.1 20' },
    { name: 'a status line and nothing else', reply: 'HTTP/1.1 200\r\n\r\n' },
    { name: 'a truncated header', reply: `${head}Content-Le` },
    { name: 'a truncated body', reply: `${head}Content-Length: 10\r\n\r\nabc` },
    { name: 'a header without end', reply: `${head}${'X: y\r\n'.repeat(400_000)}` },
    { name: 'a header line without end', reply: `${head}X: ${'y'.repeat(3 * MIB)}` },
    { name: 'a header of more than 16 KiB', reply: `${head}X: ${'y'.repeat(16_384)}\r\n\r\n` },
    { name: 'a body of 3 MiB without length', reply: `${head}\r\n${'z'.repeat(3 * MIB)}` },
    { name: 'a body that fills the buffer', reply: `${head}\r\n${'z'.repeat(MIB + 16_384)}` },
    { name: 'a negative length', reply: `${head}Content-Length: -1\r\n\r\nabc` },
    { name: 'a huge length', reply: `${head}Content-Length: 18446744073709551615\r\n\r\nabc` },
    { name: 'an empty length', reply: `${head}Content-Length:\r\n\r\nabc` },
    { name: 'a fractional length', reply: `${head}Content-Length: 1.5\r\n\r\nabc` },
    { name: 'a length with a NUL in it', reply: `${head}Content-Length: 3\0\r\n\r\nabc` },
    { name: 'a NUL in the header', reply: `HTTP/1.1 200 OK\r\n\0Cni-Exit-Code: 0\r\n\r\nabc` },
    { name: 'chunks', reply: `${head}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n` },
    { name: 'a huge exit status', reply: 'HTTP/1.1 200 OK\r\nCni-Exit-Code: 99999999999\r\n\r\n' },
    { name: 'a status line full of quotes', reply: `${'"\\\x1b'.repeat(4000)}\r\n\r\n` },
  ];

  test.each(replies)('survives $name', async ({ reply }) => {
    answer = answerWith(reply);
    expect(await survives({})).toBe(1);
  });

  test('survives a daemon that hangs', async () => {
    answer = () => undefined;
    expect(await survives({ environment: SHORT })).toBe(1);
  });

  test('survives whatever the daemon sends', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        ...[
          'HTTP/1.1 200 OK\r\n',
          'HTTP/1.1 200\r',
          'Cni-Exit-Code: 0\r\n',
          'Cni-Exit-Code:',
          ':',
          '\r\n',
        ],
        ...[
          'Content-Length: 5\r\n',
          'Content-Length: 9999999\r\n',
          'Transfer-Encoding',
          '\r\n\r\n',
          '\0',
        ],
      ),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.integer().map(String),
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join('')));
    const bytes = fc.uint8Array({ maxLength: 3000 }).map((random) => Buffer.from(random));
    const likely = fc
      .tuple(text, text)
      .map(([first, second]) =>
        Buffer.concat([Buffer.from(head), first, Buffer.from('\r\n'), second]),
      );
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes, text, likely), async (reply) => {
        answer = answerWith(reply);
        expect(await survives({})).toBeLessThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
  });
});

describe('variables', () => {
  const variables = [
    ...['CNI_COMMAND', 'CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_ARGS', 'CNI_PATH'],
    'AWS_VPC_K8S_CNI_TIMEOUT_MS',
    'AWS_VPC_K8S_CNI_RUN_DIR',
  ];

  test.each(variables)('survives 100,000 bytes in %s', async (variable) => {
    answer = answerWith(replyOf(0, ''));
    const environment = { [variable]: 'x'.repeat(100_000) };
    expect(await survives({ environment })).toBeLessThanOrEqual(1);
  });

  test('survives the largest request there can be', async () => {
    answer = answerWith(replyOf(0, ''));
    const environment = Object.fromEntries(
      variables.slice(1, 6).map((variable) => [variable, 'x'.repeat(4096)]),
    );
    expect(await survives({ environment, stdin: Buffer.alloc(MIB) })).toBe(0);
  });

  test('survives any environment while the daemon is away', async () => {
    const value = fc
      .string({ unit: 'binary', maxLength: 300 })
      .map((text) => text.replaceAll('\0', ''));
    const command = fc.oneof(fc.constantFrom('ADD', 'DEL', 'CHECK', 'GC', 'STATUS'), value);
    const others = fc.dictionary(fc.constantFrom(...variables.slice(1, 6)), value);
    await fc.assert(
      fc.asyncProperty(command, others, async (CNI_COMMAND, environment) => {
        const away = { AWS_VPC_K8S_CNI_RUN_DIR: `${run.path}/away` };
        // An unset command prints to stderr what the launcher is.
        const given = { ...environment, ...away, CNI_COMMAND: CNI_COMMAND || 'ADD' };
        expect(await survives({ environment: given })).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });
});
