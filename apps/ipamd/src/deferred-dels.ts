import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CniProcessRequest, CniProcessResponse } from '@vpc-cni/cni-spec';
import { parseLauncherRequest } from '@vpc-cni/cni-spec/launcher';

/** What became of one spooled DEL. */
export type Replay =
  | { readonly file: string; readonly kind: 'done' }
  /** It failed and is tried again later. */
  | { readonly file: string; readonly kind: 'kept'; readonly failure: string }
  /** It can never succeed; the file is set aside under `.refused-…`. */
  | { readonly file: string; readonly kind: 'refused'; readonly failure: string };

/** The DELs that the launcher accepted while the daemon was away, one file per attachment and plugin. */
export interface DeferredDels {
  /** Carries out all of them, and removes what launchers that were killed left half-written. */
  replayAll(): Promise<readonly Replay[]>;
  /** Whether the attachment that `request` speaks of has any; answers at once, so that no turn is lost. */
  has(request: CniProcessRequest): boolean;
  /** Carries out those of the attachment that `request` speaks of: an ADD must not come before its DEL. */
  replayBefore(request: CniProcessRequest): Promise<readonly Replay[]>;
}

/** Those of an attachment, in the order of a runtime's DELs: what was chained last goes first. */
function fileNamesOf({ environment }: CniProcessRequest): readonly [string, string] {
  // A name with a slash is no attachment's; the launcher spools none.
  const name = `${environment['CNI_CONTAINERID']}:${environment['CNI_IFNAME']}`.replaceAll(
    '/',
    '_',
  );
  return [`${name}:egress-cni`, name];
}

type Answer = (request: CniProcessRequest) => Promise<CniProcessResponse>;

export function createDeferredDels(
  directory: string,
  answer: Answer,
  clock: { nowMs(): number },
): DeferredDels {
  const underWay = new Map<string, Promise<readonly Replay[]>>();

  const replayOnce = async (name: string): Promise<readonly Replay[]> => {
    const file = join(directory, name);
    try {
      const bytes = await readIfThere(file);
      return bytes === undefined ? [] : [await carryOut(file, bytes, answer)];
    } catch (error) {
      // One file that cannot be read must not keep the others from their turn.
      return [{ file, kind: 'kept', failure: error instanceof Error ? error.message : `${error}` }];
    }
  };
  // Whoever comes while a DEL is being carried out waits for it: a second time could meet the next pod.
  const replay = (name: string): Promise<readonly Replay[]> => {
    const running = underWay.get(name) ?? replayOnce(name).finally(() => underWay.delete(name));
    underWay.set(name, running);
    return running;
  };
  const replayInTurn = async (names: readonly string[]): Promise<readonly Replay[]> => {
    const replays: Replay[] = [];
    for (const name of names) replays.push(...(await replay(name)));
    return replays;
  };
  return {
    replayAll: async () => {
      await removeHalfWritten(directory, clock.nowMs());
      return replayInTurn(await spooledIn(directory));
    },
    has: (request) => fileNamesOf(request).some((name) => existsSync(join(directory, name))),
    replayBefore: (request) => replayInTurn(fileNamesOf(request)),
  };
}

async function carryOut(file: string, bytes: Buffer, answer: Answer): Promise<Replay> {
  let request: CniProcessRequest;
  try {
    request = parseLauncherRequest(bytes);
  } catch (error) {
    return setAside(file, error instanceof Error ? error.message : String(error));
  }
  const { exitCode, stdout } = await answer(request);
  if (exitCode !== 0) {
    return isHopeless(stdout) ? setAside(file, stdout) : { file, kind: 'kept', failure: stdout };
  }
  await rm(file, { force: true });
  return { file, kind: 'done' };
}

async function setAside(file: string, failure: string): Promise<Replay> {
  const cut = file.lastIndexOf('/') + 1;
  await rename(file, `${file.slice(0, cut)}.refused-${file.slice(cut)}`);
  return { file, kind: 'refused', failure };
}

/** Codes by which the request itself is wrong: version, environment, decoding, configuration. */
const HOPELESS_CODES: readonly unknown[] = [1, 4, 6, 7];

const isHopeless = (stdout: string): boolean =>
  HOPELESS_CODES.includes((JSON.parse(stdout) as { readonly code?: unknown }).code);

/** `.<container id>:<interface>[:egress-cni].<number>`: what the launcher writes before it renames it. */
const HALF_WRITTEN = /^\.(?!refused-).+:[^/]{1,15}\.\d+$/;
/** Longer than a launcher lives. */
const ABANDONED_AFTER_MS = 600_000;

async function removeHalfWritten(directory: string, nowMs: number): Promise<void> {
  const names = (await ifThere(readdir(directory))) ?? [];
  for (const file of names.filter((name) => HALF_WRITTEN.test(name)).map(inside(directory))) {
    const writtenAtMs = (await ifThere(stat(file)))?.mtimeMs ?? nowMs;
    if (nowMs - writtenAtMs > ABANDONED_AFTER_MS) await rm(file, { force: true });
  }
}

const inside = (directory: string) => (name: string) => join(directory, name);

/**
 * Names that begin with a dot are files being written, or set aside. Of an attachment, the longer one is that of
 * egress-cni, which comes first.
 */
async function spooledIn(directory: string): Promise<readonly string[]> {
  const names = await ifThere(readdir(directory));
  return (names ?? [])
    .filter((name) => !name.startsWith('.'))
    .sort()
    .reverse();
}

const readIfThere = (file: string): Promise<Buffer | undefined> => ifThere(readFile(file));

async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
