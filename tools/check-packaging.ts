// What users of npm get: every library is packed, publint and attw look at the tarball, and what
// browsers load stays small.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
}

/** Only this may be in a tarball. */
const isExpected = (path: string) =>
  /^(dist\/|package\.json$|README\.md$|CHANGELOG\.md$|LICENSE$)/.test(path);

/** Most bytes of a package's main entry, bundled, minified and gzipped. */
const LARGEST_BUNDLES: Readonly<Record<string, number>> = { '@vpc-cni/warm-pool': 12_000 };

async function checkBundle(name: string, directory: string): Promise<readonly string[]> {
  const most = LARGEST_BUNDLES[name];
  if (most === undefined) return [];
  const entry = join(directory, 'dist/index.js');
  const bundled = await run('esbuild', [entry, '--bundle', '--minify', '--format=esm']).catch(
    (error: { stderr?: string }) => `${error.stderr ?? error}`,
  );
  if (typeof bundled === 'string') return [bundled];
  const { length } = gzipSync(bundled.stdout, { level: 9 });
  console.log(`     ${name}: ${length} of at most ${most} bytes bundled, minified and gzipped`);
  return length > most ? [`the main entry has ${length} bytes, at most ${most} expected`] : [];
}

async function check(directory: string, scratch: string): Promise<readonly string[]> {
  const complaints: string[] = [];
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', scratch], {
    cwd: directory,
  });
  const [packed] = JSON.parse(stdout) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ];
  const strange = packed.files.map(({ path }) => path).filter((path) => !isExpected(path));
  if (strange.length > 0) complaints.push(`unexpected files: ${strange.join(', ')}`);

  const tarball = join(scratch, packed.filename);
  const tools = [
    ['publint', 'run', '--strict', tarball],
    ['attw', '--profile', 'node16', tarball],
  ] as const;
  for (const [tool, ...args] of tools) {
    await run(tool, args, { cwd: directory }).catch((error: { stdout?: string }) => {
      complaints.push(`${tool}: ${error.stdout ?? error}`);
    });
  }
  return complaints;
}

const scratch = await mkdtemp(join(tmpdir(), 'packaging-'));
try {
  for (const folder of (await readdir(join(root, 'packages'))).sort()) {
    const directory = join(root, 'packages', folder);
    const manifest = JSON.parse(
      await readFile(join(directory, 'package.json'), 'utf8'),
    ) as Manifest;
    if (manifest.private === true) continue;
    const complaints = [
      ...(await check(directory, scratch)),
      ...(await checkBundle(manifest.name, directory)),
    ];
    console.log(`${complaints.length === 0 ? ' ok ' : 'FAIL'} ${manifest.name}`);
    for (const complaint of complaints) console.error(complaint);
    if (complaints.length > 0) process.exitCode = 1;
  }
} finally {
  await rm(scratch, { recursive: true });
}
