// File format of the reference implementation, "vpc-cni-ipam/1": one JSON object, compact, ended by
// a newline. `allocationTimestamp` is an integer of nanoseconds, which exceeds 2^53, so it is read
// from the source text and written as plain digits; anything else would break a rollback.
//
//   { "version": "vpc-cni-ipam/1",
//     "allocations": [ { "networkName", "containerID", "ifName", "ipv4" | "ipv6",
//                        "allocationTimestamp", "metadata": { … },
//                        "wiring": { "netnsPath", … } } ],      ← ours; the reference ignores
//     "recentReleases": [ { "ipv4" | "ipv6", "releasedAtMs" } ], ← these four
//     "ec2Intents": [ { "intentId", "kind", "atMs", … } ],      ←
//     "enis": [ { "eniId", "blocks", … } ] }                    ←
import type { AttachmentMetadata, AttachmentWiring } from './attachment-key.ts';
import type { Checkpoint, CheckpointAllocation, CheckpointRelease } from './checkpoint.ts';
import {
  addressMember,
  array,
  garbled,
  integer,
  object,
  text,
  wholeMs,
} from './checkpoint-members.ts';
import { decodeIntent, encodeIntents } from './intent-codec.ts';
import { isOfIpv6, ofEitherFamily } from './ip-address.ts';
import { IpamError } from './ipam-error.ts';
import { decodeRememberedEni, encodeRememberedEnis } from './remembered-eni.ts';

/** The only version of the file that exists. */
export const CHECKPOINT_VERSION = 'vpc-cni-ipam/1';

/** Which of the checkpoint files is meant: the reference implementation has one per network card. */
export interface CheckpointPart {
  /** Default 0. */
  readonly networkCardIndex?: number;
}

/**
 * Writes the checkpoint of one network card as text that the reference implementation's daemon reads
 * as its own. What is not an allocation is the same in the file of every card, so that each file is
 * right by itself.
 *
 * @see docs: reference behaviour, "Checkpoint"
 */
export function encodeCheckpoint(
  checkpoint: Checkpoint,
  { networkCardIndex = 0 }: CheckpointPart = {},
): string {
  const allocations = checkpoint.allocations
    .filter((allocation) => allocation.networkCardIndex === networkCardIndex)
    .map(encodedAllocation)
    .join(',');
  const releases = checkpoint.recentReleases.map(encodedRelease).join(',');
  const intents = encodeIntents(checkpoint.intents);
  const enis =
    checkpoint.enis === undefined ? '' : `,"enis":${encodeRememberedEnis(checkpoint.enis)}`;
  return (
    `{"version":"${CHECKPOINT_VERSION}","allocations":[${allocations}],` +
    `"recentReleases":[${releases}],"ec2Intents":${intents}${enis}}\n`
  );
}

// The file is rewritten whole for every pod that comes or goes; what has not changed is not
// formatted again.
const encodedAllocation = encodeOnce(encodeAllocation);
const encodedRelease = encodeOnce(encodeRelease);

function encodeOnce<Entry extends object>(encode: (entry: Entry) => string) {
  const encoded = new WeakMap<Entry, string>();
  return (entry: Entry): string => {
    const known = encoded.get(entry);
    if (known !== undefined) {
      return known;
    }
    const text = encode(entry);
    encoded.set(entry, text);
    return text;
  };
}

function encodeRelease({ address, releasedAtMs }: CheckpointRelease): string {
  return `{"${isOfIpv6(address) ? 'ipv6' : 'ipv4'}":"${address}","releasedAtMs":${wholeMs(releasedAtMs)}}`;
}

function encodeAllocation({ key, ipv4, ipv6, allocatedAtNs, metadata }: CheckpointAllocation) {
  const members = [
    `"networkName":${JSON.stringify(key.networkName)}`,
    `"containerID":${JSON.stringify(key.containerId)}`,
    `"ifName":${JSON.stringify(key.interfaceName)}`,
  ];
  if (ipv4 !== undefined) {
    members.push(`"ipv4":${JSON.stringify(ipv4)}`);
  }
  if (ipv6 !== undefined) {
    members.push(`"ipv6":${JSON.stringify(ipv6)}`);
  }
  members.push(`"allocationTimestamp":${allocatedAtNs}`);
  members.push(`"metadata":${encodeMetadata(metadata)}`);
  if (metadata.wiring !== undefined) {
    members.push(`"wiring":${encodeWiring(metadata.wiring)}`);
  }
  return `{${members.join(',')}}`;
}

/** Empty values are left out, as the reference implementation does. */
const encodeMetadata = ({ podNamespace, podName, interfacesCount }: AttachmentMetadata) =>
  JSON.stringify({
    k8sPodNamespace: podNamespace || undefined,
    k8sPodName: podName || undefined,
    interfacesCount: interfacesCount || undefined,
  });

const encodeWiring = ({ netnsPath, vethPrefix, mtuBytes }: AttachmentWiring) =>
  JSON.stringify({ netnsPath, vethPrefix, mtuBytes });

/**
 * Reads a checkpoint of ours or of the reference implementation. Unknown members are ignored.
 *
 * @throws {IpamError} `checkpoint-garbled` when the text is not such a file (an empty one is not),
 *   `checkpoint-version` when it is of another version.
 */
export function decodeCheckpoint(
  text: string,
  { networkCardIndex = 0 }: CheckpointPart = {},
): Checkpoint {
  const file = object(parseJson(text), 'file');
  if (file['version'] !== CHECKPOINT_VERSION) {
    const found = String(JSON.stringify(file['version']));
    throw new IpamError(
      'checkpoint-version',
      `reading the checkpoint: its version is ${found}, this release reads "${CHECKPOINT_VERSION}"; ` +
        'recover the book from kernel and runtime',
      { facts: { found, expected: CHECKPOINT_VERSION } },
    );
  }
  return {
    allocations: array(file['allocations'] ?? [], 'allocations').map((value, index) =>
      decodeAllocation(value, { index, networkCardIndex }),
    ),
    recentReleases: array(file['recentReleases'] ?? [], 'recentReleases').map(decodeRelease),
    intents: array(file['ec2Intents'] ?? [], 'ec2Intents').flatMap(
      (value, index) => decodeIntent(value, `ec2Intents[${index}]`) ?? [],
    ),
    ...(file['enis'] === undefined ? {} : { enis: decodeEnis(file['enis']) }),
  };
}

const decodeEnis = (value: unknown) =>
  array(value, 'enis').map((one, index) => decodeRememberedEni(one, `enis[${index}]`));

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

// The language's library does not know the reviver's third argument (ES2026) yet.
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown;

const exactTimestamps: Reviver = (key, value, { source }) =>
  key === 'allocationTimestamp' && source !== undefined && /^-?\d+$/.test(source)
    ? BigInt(source)
    : value;

function parseJson(text: string): unknown {
  try {
    return parseWithSource(text, exactTimestamps);
  } catch (cause) {
    throw garbled('it is not JSON', { length: text.length }, cause);
  }
}

function decodeAllocation(
  value: unknown,
  { index, networkCardIndex }: { readonly index: number; readonly networkCardIndex: number },
): CheckpointAllocation {
  const at = `allocations[${index}]`;
  const entry = object(value, at);
  const allocatedAtNs = entry['allocationTimestamp'] ?? 0n;
  if (typeof allocatedAtNs !== 'bigint') {
    throw garbled(`${at}.allocationTimestamp is not an integer`, { index });
  }
  return {
    key: {
      networkName: text(entry['networkName'], `${at}.networkName`),
      containerId: text(entry['containerID'], `${at}.containerID`),
      interfaceName: text(entry['ifName'], `${at}.ifName`),
    },
    networkCardIndex,
    ...addressMember(entry, at),
    allocatedAtNs,
    metadata: {
      ...decodeMetadata(entry['metadata'], `${at}.metadata`),
      ...(entry['wiring'] === undefined
        ? {}
        : { wiring: decodeWiring(entry['wiring'], `${at}.wiring`) }),
    },
  };
}

function decodeMetadata(value: unknown, at: string): AttachmentMetadata {
  const entry = object(value ?? {}, at);
  const podNamespace = text(entry['k8sPodNamespace'], `${at}.k8sPodNamespace`);
  const podName = text(entry['k8sPodName'], `${at}.k8sPodName`);
  const interfacesCount = integer(entry['interfacesCount'] ?? 0, `${at}.interfacesCount`);
  return {
    ...(podNamespace === '' ? {} : { podNamespace }),
    ...(podName === '' ? {} : { podName }),
    ...(interfacesCount === 0 ? {} : { interfacesCount }),
  };
}

function decodeWiring(value: unknown, at: string): AttachmentWiring {
  const entry = object(value, at);
  return {
    netnsPath: text(entry['netnsPath'], `${at}.netnsPath`),
    vethPrefix: text(entry['vethPrefix'], `${at}.vethPrefix`),
    mtuBytes: integer(entry['mtuBytes'], `${at}.mtuBytes`),
  };
}

function decodeRelease(value: unknown, index: number): CheckpointRelease {
  const at = `recentReleases[${index}]`;
  const entry = object(value, at);
  const address = ofEitherFamily(addressMember(entry, at));
  if (address === undefined) {
    throw garbled(`${at} has no address`, { at });
  }
  return {
    address,
    releasedAtMs: integer(entry['releasedAtMs'], `${at}.releasedAtMs`),
  };
}
