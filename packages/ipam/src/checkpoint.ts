import type { AttachmentMetadata, CniAttachmentKey } from './attachment-key.ts';
import type { Ec2Intent } from './ec2-intent.ts';
import type { IpAddress } from './ip-address.ts';
import type { Ipv4Address } from './ipv4-address.ts';
import type { Ipv6Address } from './ipv6-address.ts';
import type { RememberedEni } from './remembered-eni.ts';

/** One attachment and its address as the checkpoint keeps it. */
export interface CheckpointAllocation {
  readonly key: CniAttachmentKey;
  /** The network card that it was reserved on; it tells which of the files has it. */
  readonly networkCardIndex: number;
  readonly ipv4?: Ipv4Address;
  /** In IPv6 mode, in place of `ipv4`. */
  readonly ipv6?: Ipv6Address;
  /** Unix **nano**seconds, exact: the figure exceeds what a number can hold. */
  readonly allocatedAtNs: bigint;
  readonly metadata: AttachmentMetadata;
}

/** A release that a restart must not forget. */
export interface CheckpointRelease {
  readonly address: IpAddress;
  /** Unix milliseconds. */
  readonly releasedAtMs: number;
}

/**
 * What must survive a restart: who holds which address, which addresses were held lately, what EC2 was
 * being asked for, and where the addresses were.
 */
export interface Checkpoint {
  readonly allocations: readonly CheckpointAllocation[];
  readonly recentReleases: readonly CheckpointRelease[];
  readonly intents: readonly Ec2Intent[];
  /** Missing in checkpoints of others, and of earlier releases. */
  readonly enis?: readonly RememberedEni[];
}

/**
 * One checkpoint from the files of several network cards. Of two releases of an address the later
 * counts; an intent that is open in one of the files is open. Of an ENI any file will do.
 */
export function mergeCheckpoints(parts: readonly Checkpoint[]): Checkpoint {
  const releasedAtMs = new Map<IpAddress, number>();
  for (const release of parts.flatMap(({ recentReleases }) => recentReleases)) {
    const known = releasedAtMs.get(release.address) ?? release.releasedAtMs;
    releasedAtMs.set(release.address, Math.max(known, release.releasedAtMs));
  }
  const enis = parts.flatMap((part) => part.enis ?? []);
  return {
    allocations: parts.flatMap(({ allocations }) => allocations),
    recentReleases: Array.from(releasedAtMs, ([address, atMs]) => ({
      address,
      releasedAtMs: atMs,
    })),
    intents: uniqueBy(
      parts.flatMap(({ intents }) => intents),
      ({ intentId }) => intentId,
    ),
    ...(enis.length === 0 ? {} : { enis: uniqueBy(enis, ({ eniId }) => eniId) }),
  };
}

const uniqueBy = <T>(values: readonly T[], keyOf: (value: T) => string): readonly T[] => [
  ...new Map(values.map((value) => [keyOf(value), value])).values(),
];

/** Why an allocation of a checkpoint could not be placed. */
export type DropReason =
  /** It has no address. */
  | 'address-missing'
  | 'address-taken'
  | 'address-draining'
  | 'attachment-taken'
  | 'attachment-incomplete';

/** An allocation of a checkpoint that could not be placed, and why. */
export interface DroppedAllocation extends CheckpointAllocation {
  readonly reason: DropReason;
}

const NS_PER_MS = 1_000_000n;

/** Milliseconds as the checkpoint's nanoseconds; a fraction of a millisecond is cut off. */
export const nsFromMs = (ms: number): bigint => BigInt(Math.trunc(ms)) * NS_PER_MS;

/** The checkpoint's nanoseconds as milliseconds, cut off. */
export const msFromNs = (ns: bigint): number => Number(ns / NS_PER_MS);
