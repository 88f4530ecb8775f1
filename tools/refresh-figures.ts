// Puts what its commands print into a page: every `sh` block is followed by a `text` block with the
// output. With --check it only tells whether the page is in step.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const page = fileURLToPath(new URL('../docs/choosing-warm-targets.md', import.meta.url));
const cli = fileURLToPath(new URL('../packages/warm-pool/src/node/cli/main.ts', import.meta.url));

const PROGRAM = 'npx @vpc-cni/warm-pool ';
const EXAMPLE = /```sh\n(.*?)```\n\n```text\n.*?```/gs;

/** The words of a command line; quotes keep words together, a backslash joins lines. */
const words = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|([^\s\\]+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

async function outputOf(command: string): Promise<string> {
  if (!command.startsWith(PROGRAM)) throw new TypeError(`not one of ours: ${command}`);
  const args = ['--conditions=@vpc-cni/source', cli, ...words(command.slice(PROGRAM.length))];
  return (await run(process.execPath, args)).stdout;
}

const before = await readFile(page, 'utf8');
let after = before;
for (const [example, command = ''] of before.matchAll(EXAMPLE)) {
  const output = await outputOf(command);
  after = after.replace(example, () => `\`\`\`sh\n${command}\`\`\`\n\n\`\`\`text\n${output}\`\`\``);
}
if (process.argv.includes('--check')) {
  if (after !== before) {
    console.error('docs/choosing-warm-targets.md is out of step: npm run docs:figures');
    process.exitCode = 1;
  }
} else {
  await writeFile(page, after);
}
