import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** What running a README's example printed. */
export interface ReadmeExampleRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the first TypeScript block of a package's README as a user would: as a program of its own
 * that imports the package by its published name.
 *
 * @param packageDirectory URL of the package's folder, ending in a slash.
 * @throws {TypeError} when the README has no ```ts block.
 */
export async function runReadmeExample(packageDirectory: URL): Promise<ReadmeExampleRun> {
  const readme = await readFile(new URL('README.md', packageDirectory), 'utf8');
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1];
  if (example === undefined) {
    throw new TypeError(`${packageDirectory.pathname}README.md has no \`\`\`ts example`);
  }
  const file = fileURLToPath(new URL('.readme-example.ts', packageDirectory));
  await writeFile(file, example);
  try {
    return await runProgram(file);
  } finally {
    await rm(file, { force: true });
  }
}

function runProgram(file: string): Promise<ReadmeExampleRun> {
  return new Promise((resolve) => {
    const args = ['--conditions=@vpc-cni/source', '--disable-warning=ExperimentalWarning', file];
    execFile(process.execPath, args, { timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}
