import { isFabricError } from './fabric-error.ts';
import { type CommandScope, runIpBatch, runIpRemovals, runNft, type Sysctl } from './ip-batch.ts';
import { writeSysctl } from './sysctl.ts';

/** How one change of the kernel is taken back, in the fabric's namespace. */
export type Undo =
  | { readonly kind: 'link'; readonly linkName: string }
  | { readonly kind: 'ip'; readonly line: string }
  | { readonly kind: 'nft'; readonly script: string }
  | { readonly kind: 'sysctl'; readonly sysctl: Sysctl };

/** An `ip -batch` line and its way back; none where another step's way back takes this effect along. */
export interface IpStep {
  readonly line: string;
  readonly undo?: Undo;
}

/** Changes the kernel and writes down the way back. */
export interface Changes {
  /** Executes steps in one batch; of a batch that fails half-way, the first half is written down. */
  ip(steps: readonly IpStep[], scope?: CommandScope): Promise<void>;
  nft(script: string, undoScript: string): Promise<void>;
  sysctl(sysctl: Sysctl): void;
}

/**
 * Makes changes that stay all or not at all.
 *
 * @returns The way back, in the order of the changes, when `make` succeeds; otherwise everything is taken back
 *   and its error thrown on.
 */
export async function allOrNothing(
  make: (changes: Changes) => Promise<void>,
): Promise<readonly Undo[]> {
  const undos: Undo[] = [];
  const remember = (steps: readonly IpStep[]) => {
    undos.push(...steps.flatMap(({ undo }) => (undo === undefined ? [] : [undo])));
  };
  try {
    await make({
      ip: async (steps, scope) => {
        try {
          await runIpBatch(
            steps.map(({ line }) => line),
            scope,
          );
        } catch (error) {
          const completed = isFabricError(error) ? Number(error.facts['completedCount'] ?? 0) : 0;
          remember(steps.slice(0, completed));
          throw error;
        }
        remember(steps);
      },
      nft: async (script, undoScript) => {
        await runNft(script);
        undos.push({ kind: 'nft', script: undoScript });
      },
      sysctl: ([path, value]) => {
        undos.push({ kind: 'sysctl', sysctl: [path, writeSysctl([path, value])] });
      },
    });
    return undos;
  } catch (error) {
    const leftOver = await takeBack(undos);
    if (leftOver.length === 0) throw error;
    throw new AggregateError(
      [error, ...leftOver],
      'a change failed and could not be taken back whole',
    );
  }
}

/** Links about to be deleted are gathered in this group. */
const DOOMED_GROUP = 999;

/**
 * Takes changes back, the latest first, going on after failures. Things gone already are fine.
 *
 * Links go before everything else: their routes and neighbours go with them. The kernel waits some 20 ms for each
 * deletion of a link, but only once for a group of them.
 *
 * @returns What could not be taken back.
 */
export async function takeBack(undos: readonly Undo[]): Promise<readonly Error[]> {
  const links = undos.flatMap((undo) => (undo.kind === 'link' ? [undo.linkName] : []));
  const lines = undos.flatMap((undo) => (undo.kind === 'ip' ? [undo.line] : [])).reverse();
  const removals = [
    ...links.map((name) => `link set dev ${name} group ${DOOMED_GROUP}`),
    ...(links.length === 0 ? [] : [`link delete group ${DOOMED_GROUP}`]),
    ...lines,
  ];
  const failures: Error[] = [...(await runIpRemovals(removals))];
  for (const undo of undos.toReversed()) {
    try {
      if (undo.kind === 'nft') await runNft(undo.script);
      if (undo.kind === 'sysctl') writeSysctl(undo.sysctl);
    } catch (error) {
      failures.push(error instanceof Error ? error : new Error(String(error)));
    }
  }
  return failures;
}
