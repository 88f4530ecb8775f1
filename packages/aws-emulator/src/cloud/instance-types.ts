import { Ec2Error } from './ec2-error.ts';

/** What EC2 allows an instance type, as far as networking goes. */
export interface InstanceType {
  readonly instanceType: string;
  /** ENIs per network card, by card index; the first card holds the primary ENI. */
  readonly enisPerCard: readonly number[];
  /** IPv4 addresses and prefixes per ENI, the primary address included. */
  readonly ipv4PerEni: number;
  readonly hypervisor: 'nitro' | 'xen' | undefined;
  readonly isBareMetal: boolean;
  readonly vcpuCount: number;
  readonly memoryMib: number;
}

type Row = readonly [
  type: string,
  enis: number,
  ipv4PerEni: number,
  vcpuCount: number,
  memoryGib: number,
  more?: { readonly cards?: number; readonly hypervisor?: 'xen' | 'none' },
];

// Source: EC2 user guide, "Maximum IP addresses per network interface"; instance type pages.
const rows: readonly Row[] = [
  ['t2.micro', 2, 2, 1, 1, { hypervisor: 'xen' }],
  ['t2.medium', 3, 6, 2, 4, { hypervisor: 'xen' }],
  ['t3.nano', 2, 2, 2, 0.5],
  ['t3.micro', 2, 2, 2, 1],
  ['t3.small', 3, 4, 2, 2],
  ['t3.medium', 3, 6, 2, 4],
  ['t3.large', 3, 12, 2, 8],
  ['t3.xlarge', 4, 15, 4, 16],
  ['t3.2xlarge', 4, 15, 8, 32],
  ['t4g.medium', 3, 6, 2, 4],
  ['a1.medium', 2, 4, 1, 2],
  ['a1.metal', 8, 30, 16, 32, { hypervisor: 'none' }],
  ['m4.large', 2, 10, 2, 8, { hypervisor: 'xen' }],
  ['m4.4xlarge', 8, 30, 16, 64, { hypervisor: 'xen' }],
  ['m5.large', 3, 10, 2, 8],
  ['m5.xlarge', 4, 15, 4, 16],
  ['m5.2xlarge', 4, 15, 8, 32],
  ['m5.4xlarge', 8, 30, 16, 64],
  ['m5.24xlarge', 15, 50, 96, 384],
  ['m5.metal', 15, 50, 96, 384, { hypervisor: 'none' }],
  ['m6g.large', 3, 10, 2, 8],
  ['m6i.large', 3, 10, 2, 8],
  ['c5.large', 3, 10, 2, 4],
  ['c5.xlarge', 4, 15, 4, 8],
  ['c5.4xlarge', 8, 30, 16, 32],
  ['c5n.18xlarge', 15, 50, 72, 192],
  ['c6in.32xlarge', 8, 50, 128, 256, { cards: 2 }],
  ['r5.large', 3, 10, 2, 16],
  ['p3dn.24xlarge', 15, 50, 96, 768],
  ['p4d.24xlarge', 15, 50, 96, 1152, { cards: 4 }],
  ['p5.48xlarge', 2, 50, 192, 2048, { cards: 32 }],
];

const table: ReadonlyMap<string, InstanceType> = new Map(
  rows.map(([instanceType, enis, ipv4PerEni, vcpuCount, memoryGib, more = {}]) => [
    instanceType,
    {
      instanceType,
      enisPerCard: new Array<number>(more.cards ?? 1).fill(enis),
      ipv4PerEni,
      hypervisor: more.hypervisor === 'none' ? undefined : (more.hypervisor ?? 'nitro'),
      isBareMetal: more.hypervisor === 'none',
      vcpuCount,
      memoryMib: memoryGib * 1024,
    },
  ]),
);

/** The types the emulator knows from the start. */
export const knownInstanceTypes: readonly InstanceType[] = [...table.values()];

/** The instance types of one emulator: the common ones, and what a test adds. */
export class InstanceTypeCatalog {
  readonly #types = new Map(table);

  /** Adds a type or replaces one, for instance to test a limit that a table has wrong. */
  set(type: InstanceType): void {
    this.#types.set(type.instanceType, type);
  }

  all(): readonly InstanceType[] {
    return [...this.#types.values()].sort((a, b) => (a.instanceType < b.instanceType ? -1 : 1));
  }

  /** @throws {Ec2Error} `InvalidInstanceType` for a name that is not in the catalogue. */
  get(instanceType: string): InstanceType {
    const found = this.#types.get(instanceType);
    if (found === undefined) {
      throw new Ec2Error(
        'InvalidInstanceType',
        `The following supplied instance types do not exist: [${instanceType}]`,
      );
    }
    return found;
  }
}

/** Whether EC2 lets ENIs of this type hold prefixes: Nitro-based types, bare metal among them. */
export const supportsPrefixes = (type: InstanceType): boolean =>
  type.hypervisor === 'nitro' || type.isBareMetal;
