import type { Ec2Block, EniId } from '@vpc-cni/ipam';
import type { EniTruth } from '@vpc-cni/pool-controller';

/**
 * How long instance metadata may show what EC2 has taken back. AWS gives no figure; delays of a minute or two
 * are reported.
 */
export const METADATA_LAG_MS = 300_000;

/** Of an ENI, what is assigned to it. */
export type EniBlocks = Pick<EniTruth, 'eniId' | 'secondaryAddresses' | 'prefixes'>;

const blocksOf = ({ secondaryAddresses, prefixes }: EniBlocks): readonly Ec2Block[] => [
  ...secondaryAddresses,
  ...prefixes,
];

/**
 * What metadata shows of ENIs and an earlier process did not have on them. That process may have given it
 * back just before it ended, and metadata may not know. Of an ENI that nobody remembers, all is believed.
 */
export function unremembered(
  shown: readonly EniBlocks[],
  remembered: readonly EniBlocks[],
): ReadonlySet<Ec2Block> {
  const known = new Map<EniId, ReadonlySet<Ec2Block>>(
    remembered.map((eni) => [eni.eniId, new Set(blocksOf(eni))]),
  );
  return new Set(
    shown.flatMap((eni) =>
      blocksOf(eni).filter((block) => known.get(eni.eniId)?.has(block) === false),
    ),
  );
}

/** Those of `doubted` that metadata still shows: what it has left out once and shows again is news. */
export function stillDoubted(
  doubted: ReadonlySet<Ec2Block>,
  shown: readonly EniBlocks[],
): ReadonlySet<Ec2Block> {
  return new Set(shown.flatMap(blocksOf).filter((block) => doubted.has(block)));
}

/** The ENI without what is doubted. */
export const without = <Eni extends EniBlocks>(eni: Eni, doubted: ReadonlySet<Ec2Block>): Eni => ({
  ...eni,
  secondaryAddresses: eni.secondaryAddresses.filter((address) => !doubted.has(address)),
  prefixes: eni.prefixes.filter((prefix) => !doubted.has(prefix)),
});
