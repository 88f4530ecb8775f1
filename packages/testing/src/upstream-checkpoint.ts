/** A checkpoint as the reference implementation understands it. */
export interface AsUpstream {
  readonly allocations: readonly UpstreamAllocation[];
  /** Members of the file that it does not know, and ignores. */
  readonly ownMembers: readonly string[];
  /** The file as it writes it anew, without them. */
  readonly rewritten: string;
}

interface UpstreamAllocation {
  readonly networkName: string;
  readonly containerID: string;
  readonly ifName: string;
  readonly ipv4: string;
  readonly allocationTimestamp: bigint;
  readonly metadata: {
    readonly k8sPodNamespace?: string;
    readonly k8sPodName?: string;
    readonly interfacesCount?: number;
  };
}

const MEMBERS = ['version', 'allocations'];
const ENTRY_MEMBERS: Readonly<Record<string, 'string' | 'bigint' | 'object'>> = {
  networkName: 'string',
  containerID: 'string',
  ifName: 'string',
  ipv4: 'string',
  allocationTimestamp: 'bigint',
  metadata: 'object',
};

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;
// The language's library does not know the reviver's third argument (ES2026) yet.
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown;

/**
 * Reads a checkpoint by the reference implementation's rules: a member of another type, another version,
 * a timestamp that is not written in digits, or an address held twice end its start. Names of members
 * are matched whatever their case, so that none of ours may differ from one of its in case alone.
 */
export function readAsUpstream(text: string | undefined): AsUpstream {
  if (text === undefined || !text.endsWith('}\n')) throw new Error(`no checkpoint: ${text}`);
  const file = parseWithSource(text, (_, value, { source }) =>
    typeof value === 'number' && /^-?\d+$/.test(source ?? '') ? BigInt(source ?? '') : value,
  ) as Record<string, unknown>;
  if (file['version'] !== 'vpc-cni-ipam/1') throw new Error(`version ${String(file['version'])}`);
  const ownMembers = Object.keys(file).filter((name) => !MEMBERS.includes(name));
  const clash = ownMembers.find((name) => MEMBERS.includes(name.toLowerCase()));
  if (clash !== undefined) throw new Error(`${clash} would be taken for one of its own`);
  const allocations = (file['allocations'] as Record<string, unknown>[]).map(entryOf);
  const addresses = allocations.map(({ ipv4 }) => ipv4);
  if (new Set(addresses).size < addresses.length) throw new Error(`held twice: ${addresses}`);
  const written = text.slice(0, text.indexOf('],"') + 1);
  return { allocations, ownMembers, rewritten: `${written}}\n` };
}

function entryOf(entry: Record<string, unknown>): UpstreamAllocation {
  for (const [name, type] of Object.entries(ENTRY_MEMBERS)) {
    if (typeof entry[name] !== type) throw new Error(`${name} is no ${type}`);
  }
  const { interfacesCount, ...metadata } = entry['metadata'] as Record<string, unknown>;
  const count = interfacesCount === undefined ? {} : { interfacesCount: Number(interfacesCount) };
  return { ...entry, metadata: { ...metadata, ...count } } as unknown as UpstreamAllocation;
}
