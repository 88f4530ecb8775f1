import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { egressCidr } from '../desired/egress-cidrs.ts';
import { egressAddressesAfter } from '../desired/egress-turns.ts';
import { subnetOf } from '../desired/subnet.ts';
import { type IpCidr, type IpFamily, ipFamily } from '../ip.ts';
import { systemErrorCode } from '../native/errno.ts';

/** Where addresses are given from. */
export interface EgressPool {
  /** `dataDir` of `host-local`. */
  readonly dataDirectory: string;
  readonly networkName: string;
  /** One of the two egress ranges. */
  readonly cidr: string;
}

/** Who holds one. */
export interface EgressHolder {
  readonly containerId: string;
  readonly interfaceName: string;
}

/**
 * Addresses for egress, in the files of the CNI project's `host-local`: `<dataDir>/<network>/<address>` holds container
 * id and interface name, `last_reserved_ip.0` where it stopped. So a plugin that executes `host-local` and this one can
 * replace each other on a node.
 */
export interface EgressAddresses {
  /**
   * Gives the next address that nobody holds. Its file is there whole or not at all, whenever the process dies.
   *
   * @throws {TypeError} for a range that is none of egress; the file system's errors.
   */
  reserve(
    pool: EgressPool,
    holder: EgressHolder,
  ): Promise<
    | { readonly kind: 'reserved' | 'held'; readonly address: string }
    | { readonly kind: 'exhausted' }
  >;
  /** Fine when it holds none. */
  release(pool: EgressPool, holder: EgressHolder): Promise<void>;
  find(pool: EgressPool, holder: EgressHolder): Promise<string | undefined>;
  list(pool: EgressPool): Promise<readonly EgressHolder[]>;
}

/**
 * Each operation is synchronous, so two of this process never mix: at most a thousand files of a few bytes, in memory
 * (`/run`). Against other processes stands the file system: under each name one file can be made.
 */
export const createEgressAddresses = (): EgressAddresses => ({
  reserve: async (pool, holder) => {
    const family = familyOf(pool);
    const directory = directoryOf(pool);
    const held = holdings(directory).find(isOf(holder));
    if (held !== undefined) return { kind: 'held', address: held.address };
    mkdirSync(directory, { recursive: true });
    const taken = new Set(readdirSync(directory));
    const lastFile = join(directory, LAST_RESERVED);
    for (const address of egressAddressesAfter(readIfThere(lastFile) ?? '', family)) {
      if (taken.has(address) || !makeFile(directory, address, holder)) continue;
      writeFileSync(lastFile, address, { mode: 0o600 });
      return { kind: 'reserved', address };
    }
    return { kind: 'exhausted' };
  },
  release: async (pool, holder) => {
    const directory = directoryOf(pool);
    for (const { address } of holdings(directory).filter(isOf(holder))) {
      rmSync(join(directory, address), { force: true });
    }
  },
  find: async (pool, holder) => holdings(directoryOf(pool)).find(isOf(holder))?.address,
  list: async (pool) =>
    holdings(directoryOf(pool)).map(({ containerId, interfaceName }) => ({
      containerId,
      interfaceName,
    })),
});

const LAST_RESERVED = 'last_reserved_ip.0';

type Holding = EgressHolder & { readonly address: string };

const directoryOf = ({ dataDirectory, networkName }: EgressPool) =>
  join(dataDirectory, networkName);

function familyOf({ cidr }: EgressPool): IpFamily {
  const family = ipFamily(cidr as IpCidr); // subnetOf checks
  if (subnetOf(cidr as IpCidr).cidr === egressCidr(family)) return family;
  throw new TypeError(`${cidr} is no range for egress: give ${egressCidr(family)}`);
}

const isOf =
  ({ containerId, interfaceName }: EgressHolder) =>
  (holding: Holding) =>
    holding.containerId === containerId && holding.interfaceName === interfaceName;

/** Beside the addresses there are files of `host-local`'s own, and such as are being made. */
function holdings(directory: string): readonly Holding[] {
  return namesIn(directory)
    .filter((name) => /^[0-9a-f][0-9a-f.:]*$/.test(name))
    .flatMap((address) => {
      const text = readIfThere(join(directory, address));
      const [containerId = '', interfaceName = ''] = text?.trim().split(/\r?\n/) ?? [];
      return text === undefined ? [] : [{ address, containerId, interfaceName }];
    });
}

/** Says whether it could: another process may have made it meanwhile. */
function makeFile(directory: string, address: string, holder: EgressHolder): boolean {
  const unnamed = join(directory, `.${address}.${process.pid}`);
  try {
    writeFileSync(unnamed, `${holder.containerId}\r\n${holder.interfaceName}`, { mode: 0o600 });
    linkSync(unnamed, join(directory, address));
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(unnamed, { force: true });
  }
}

const namesIn = (directory: string) => ifThere(() => readdirSync(directory)) ?? [];

const readIfThere = (file: string) => ifThere(() => readFileSync(file, 'utf8'));

function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
