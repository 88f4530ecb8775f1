import { type CniAttachmentKey, isCompleteKey, recoveredKey } from './attachment-key.ts';
import {
  type Checkpoint,
  type CheckpointAllocation,
  mergeCheckpoints,
  nsFromMs,
} from './checkpoint.ts';
import { decodeCheckpoint } from './checkpoint-codec.ts';
import { byFamily, type IpAddress, isOfIpv6, ofEitherFamily } from './ip-address.ts';
import { type IpPrefix, isSparse } from './ip-prefix.ts';
import { addressesOf } from './ipv4-prefix.ts';
import { ipv6PrefixOf } from './ipv6-prefix.ts';
import {
  type Claim,
  claimsOf,
  keyOfSandbox,
  metadataOfSandbox,
  type PodRule,
  type RunningSandbox,
} from './pod-evidence.ts';

/** All that a daemon can learn about its pods when it starts. */
export interface RecoveryEvidence {
  /** The checkpoint files, one per network card; `text` is `undefined` where there is none. */
  readonly files: readonly {
    readonly networkCardIndex: number;
    readonly text: string | undefined;
  }[];
  /** The kernel's rules that lead to pods. */
  readonly podRules: readonly PodRule[];
  /** What EC2 assigns to the ENIs of this node, primary addresses left out. */
  readonly enis: readonly {
    readonly networkCardIndex: number;
    readonly addresses: readonly IpAddress[];
    readonly prefixes: readonly IpPrefix[];
  }[];
  /** What the container runtime runs. Default: nothing is known of it. */
  readonly sandboxes?: readonly RunningSandbox[];
  readonly nowMs: number;
}

/** What the book should contain after a start, and how that was found out. */
export interface Recovery {
  /**
   * - `fresh`: there is no checkpoint and no pod, as after a boot.
   * - `checkpoint`: all that is needed could be read.
   * - `rebuilt`: a file could not be read, or is gone while pods of its card run; what is missing was
   *   taken from the kernel and the container runtime.
   */
  readonly kind: 'fresh' | 'checkpoint' | 'rebuilt';
  /** For {@link AddressBook.restore}. */
  readonly checkpoint: Checkpoint;
  /** Files to move out of the way before the first save, with what is wrong with them. */
  readonly unreadable: readonly { readonly networkCardIndex: number; readonly error: unknown }[];
  /** Those allocations of `checkpoint` that no file has. */
  readonly recovered: readonly CheckpointAllocation[];
  /** Addresses that a rule leads to although nobody holds them: left-overs of pods that are gone. */
  readonly strayAddresses: readonly IpAddress[];
}

/**
 * Decides what the book should contain when a daemon starts. Never fails, whatever the files hold.
 *
 * A checkpoint that can be read is believed: it was written before any pod was told its address. For
 * a network card without one, every address that a rule leads to is held, and so is every address of a
 * running sandbox that EC2 assigns to this node. All others of that card cool down from now on, because
 * nobody remembers when they were released.
 */
export function recover(evidence: RecoveryEvidence): Recovery {
  const { podRules, nowMs } = evidence;
  const { read, unreadable } = readFiles(evidence);
  const known = mergeCheckpoints(read.map(({ checkpoint }) => checkpoint));
  const held = new Set(known.allocations.flatMap((one) => ofEitherFamily(one) ?? []));
  const cards = cardsByAddress(evidence);
  const readCards = new Set(read.map(({ networkCardIndex }) => networkCardIndex));
  const claims = claimsOf(evidence, (address) => cards.of(address) !== undefined).filter(
    ({ address }) => !held.has(address) && !readCards.has(cards.of(address) ?? 0),
  );
  const recovered = allocate(claims, known.allocations, { cards, nowMs });
  for (const { address } of claims) {
    held.add(address);
  }
  const found = {
    unreadable,
    recovered,
    strayAddresses: podRules.map(({ address }) => address).filter((address) => !held.has(address)),
  };
  if (unreadable.length === 0 && recovered.length === 0) {
    return { kind: read.length === 0 ? 'fresh' : 'checkpoint', checkpoint: known, ...found };
  }
  const forgotten = [...cards.listed]
    .filter(([address, card]) => !held.has(address) && !readCards.has(card))
    .map(([address]) => ({ address, releasedAtMs: nowMs }));
  const rebuilt = { allocations: recovered, recentReleases: forgotten, intents: [] };
  return { kind: 'rebuilt', checkpoint: mergeCheckpoints([known, rebuilt]), ...found };
}

/** Allocations for claims; a key that is taken on its card already gives way to the address as key. */
function allocate(
  claims: readonly Claim[],
  known: readonly CheckpointAllocation[],
  { cards, nowMs }: { readonly cards: Cards; readonly nowMs: number },
): readonly CheckpointAllocation[] {
  const slotOf = (key: CniAttachmentKey, card: number) => `${JSON.stringify(key)} ${card}`;
  const taken = new Set(known.map(({ key, networkCardIndex }) => slotOf(key, networkCardIndex)));
  return claims.map(({ address, sandbox }) => {
    const networkCardIndex = cards.of(address) ?? 0;
    const wanted = sandbox === undefined ? undefined : keyOfSandbox(sandbox);
    const isUsable =
      wanted !== undefined && isCompleteKey(wanted) && !taken.has(slotOf(wanted, networkCardIndex));
    const key = isUsable ? wanted : recoveredKey(address);
    taken.add(slotOf(key, networkCardIndex));
    return {
      key,
      networkCardIndex,
      ...byFamily(address),
      allocatedAtNs: nsFromMs(nowMs),
      metadata: sandbox === undefined ? {} : metadataOfSandbox(sandbox),
    };
  });
}

function readFiles({ files }: RecoveryEvidence) {
  const read: { readonly networkCardIndex: number; readonly checkpoint: Checkpoint }[] = [];
  const unreadable: { readonly networkCardIndex: number; readonly error: unknown }[] = [];
  for (const { networkCardIndex, text } of files) {
    if (text === undefined) {
      continue;
    }
    try {
      const checkpoint = decodeCheckpoint(text, { networkCardIndex });
      read.push({ networkCardIndex, checkpoint });
    } catch (error) {
      unreadable.push({ networkCardIndex, error });
    }
  }
  return { read, unreadable };
}

/** The network cards of what EC2 assigns to this node. */
interface Cards {
  of(address: IpAddress): number | undefined;
  /** Without the addresses of a /80, which are too many. */
  readonly listed: ReadonlyMap<IpAddress, number>;
}

function cardsByAddress({ enis }: RecoveryEvidence): Cards {
  const listed = new Map<IpAddress, number>();
  const sparse = new Map<IpPrefix, number>();
  for (const { networkCardIndex, addresses, prefixes } of enis) {
    for (const address of addresses) listed.set(address, networkCardIndex);
    for (const prefix of prefixes) {
      if (isSparse(prefix)) sparse.set(prefix, networkCardIndex);
      else for (const address of addressesOf(prefix)) listed.set(address, networkCardIndex);
    }
  }
  const around = (address: IpAddress) =>
    isOfIpv6(address) ? sparse.get(ipv6PrefixOf(address)) : undefined;
  return { of: (address) => listed.get(address) ?? around(address), listed };
}
