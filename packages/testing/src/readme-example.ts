import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** What running a README's example printed. */
export interface ReadmeExampleRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How an example is run. */
export interface ReadmeExampleOptions {
  /** Which of the README's TypeScript blocks, from 0. Default: 0. */
  readonly index?: number;
  /** Default: this process's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: empty. */
  readonly stdin?: string;
}

/**
 * A TypeScript block of a package's README.
 *
 * @param packageDirectory URL of the package's folder, ending in a slash.
 * @throws {TypeError} when the README has no such block.
 */
export async function readReadmeExample(packageDirectory: URL, index = 0): Promise<string> {
  const readme = await readFile(new URL('README.md', packageDirectory), 'utf8');
  const example = [...readme.matchAll(/```ts\n(.*?)```/gs)][index]?.[1];
  if (example === undefined) {
    throw new TypeError(`${packageDirectory.pathname}README.md has no \`\`\`ts example ${index}`);
  }
  return example;
}

/**
 * Runs a TypeScript block of a package's README as a user would: as a program of its own that imports
 * the package by its published name.
 *
 * @param packageDirectory URL of the package's folder, ending in a slash.
 * @throws {TypeError} when the README has no such block.
 */
export async function runReadmeExample(
  packageDirectory: URL,
  { index = 0, ...options }: ReadmeExampleOptions = {},
): Promise<ReadmeExampleRun> {
  const example = await readReadmeExample(packageDirectory, index);
  const file = fileURLToPath(new URL(`.readme-example-${index}.ts`, packageDirectory));
  await writeFile(file, example);
  try {
    return await runProgram(file, options);
  } finally {
    await rm(file, { force: true });
  }
}

function runProgram(
  file: string,
  { environment, stdin = '' }: Omit<ReadmeExampleOptions, 'index'>,
): Promise<ReadmeExampleRun> {
  return new Promise((resolve) => {
    const args = ['--conditions=@vpc-cni/source', '--disable-warning=ExperimentalWarning', file];
    const options = { timeout: 30_000, ...(environment === undefined ? {} : { env: environment }) };
    const child = execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
    child.stdin?.on('error', () => {}); // an example need not read it
    child.stdin?.end(stdin);
  });
}
