import { canonicalCidr, canonicalIp } from './ip-text.ts';
import {
  decodeObjects,
  decodeTexts,
  decodingError,
  type JsonObject,
  optionalInteger,
  optionalObject,
  optionalText,
  present,
} from './json-object.ts';

// The well-known capabilities (CNI conventions, "Dynamic Plugin specific Fields"), as a plugin gets them in
// `runtimeConfig`. containerd writes their members with capital letters, CRI-O without: case is ignored.

/** A port of the node that leads to a port of the container. */
export interface PortMapping {
  readonly hostPort: number;
  readonly containerPort: number;
  /** `tcp`, `udp` or `sctp`, in lower case; `tcp` when the runtime left it out. */
  readonly protocol: string;
  /** Address of the node; absent for all. */
  readonly hostIP?: string;
}

/** A range to take an address from. */
export interface IpRange {
  readonly subnet: string;
  readonly rangeStart?: string;
  readonly rangeEnd?: string;
  readonly gateway?: string;
}

/** Limits of traffic, in bits per second and bits; absent or 0 means none. May exceed 32 bits. */
export interface Bandwidth {
  readonly ingressRate?: number;
  readonly ingressBurst?: number;
  readonly egressRate?: number;
  readonly egressBurst?: number;
}

/** Name resolution wanted for the container. Not the names that a result's `dns` uses. */
export interface DnsCapability {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

/** Value of each well-known capability. */
export interface CapabilityValues {
  readonly portMappings: readonly PortMapping[];
  /** One list per address to be given; each a list of ranges to choose from. */
  readonly ipRanges: readonly (readonly IpRange[])[];
  readonly bandwidth: Bandwidth;
  readonly dns: DnsCapability;
  /** Addresses wanted, with or without prefix length. */
  readonly ips: readonly string[];
  readonly mac: string;
  readonly infinibandGUID: string;
  readonly deviceID: string;
  readonly cgroupPath: string;
  readonly aliases: readonly string[];
  readonly 'io.kubernetes.cri.pod-annotations': Readonly<Record<string, string>>;
  readonly CNIDeviceInfoFile: string;
}

const text = (conf: JsonObject, key: string) => optionalText(conf, key, key) || undefined;

const decoders: {
  readonly [K in keyof CapabilityValues]: (
    conf: JsonObject,
    key: K,
  ) => CapabilityValues[K] | undefined;
} = {
  portMappings: (conf, key) => unlessAbsent(conf, key, decodeObjects(conf, key, key, portMapping)),
  ipRanges: (conf, key) => unlessAbsent(conf, key, decodeRanges(conf, key)),
  bandwidth: (conf, key) => optionalObject(conf, key, key) && bandwidth(conf, key),
  dns: (conf, key) => optionalObject(conf, key, key) && dns(conf, key),
  ips: (conf, key) =>
    unlessAbsent(
      conf,
      key,
      decodeTexts(conf, key, key).map((ip, index) =>
        (ip.includes('/') ? canonicalCidr : canonicalIp)(ip, `${key}[${index}]`),
      ),
    ),
  mac: text,
  infinibandGUID: text,
  deviceID: text,
  cgroupPath: text,
  aliases: (conf, key) => unlessAbsent(conf, key, decodeTexts(conf, key, key)),
  'io.kubernetes.cri.pod-annotations': (conf, key) => {
    const annotations = optionalObject(conf, key, key);
    return annotations && annotationsOf(annotations, key);
  },
  CNIDeviceInfoFile: text,
};

/**
 * The value of a well-known capability; `undefined` when the runtime sent none. `null`, and an empty
 * text where a text is wanted, are none.
 *
 * @param runtimeConfig of a plugin's configuration.
 * @throws {CniError} 6 when a member has the wrong type: a port as text, a negative rate, a flat list
 *   of ranges.
 */
export const capabilityOf = <K extends keyof CapabilityValues>(
  runtimeConfig: JsonObject,
  name: K,
): CapabilityValues[K] | undefined => decoders[name](runtimeConfig, name);

const unlessAbsent = <T>(conf: JsonObject, key: string, value: T): T | undefined =>
  (conf[key] ?? undefined) === undefined ? undefined : value;

function portMapping(member: JsonObject, where: string): PortMapping {
  const members = withoutCase(member);
  return present({
    hostPort: requirePort(members, 'hostport', `${where}.hostPort`),
    containerPort: requirePort(members, 'containerport', `${where}.containerPort`),
    protocol: optionalText(members, 'protocol', `${where}.protocol`)?.toLowerCase() || 'tcp',
    hostIP: addressOf(members, 'hostip', `${where}.hostIP`),
  });
}

function requirePort(members: JsonObject, key: string, where: string): number {
  const port = optionalInteger(members, key, where);
  if (port === undefined || port < 0 || port > 0xffff) {
    throw decodingError(where, 'a port, 0 to 65535', port);
  }
  return port;
}

function decodeRanges(conf: JsonObject, key: string): readonly (readonly IpRange[])[] {
  const lists = conf[key] ?? [];
  if (!Array.isArray(lists)) throw decodingError(key, 'a list of lists', lists);
  return lists.map((list: unknown, index) => {
    const where = `${key}[${index}]`;
    if (!Array.isArray(list)) throw decodingError(where, 'a list of ranges', list);
    return decodeObjects({ [where]: list }, where, where, ipRange);
  });
}

function ipRange(member: JsonObject, where: string): IpRange {
  const members = withoutCase(member);
  const subnet = optionalText(members, 'subnet', `${where}.subnet`);
  if (subnet === undefined) throw decodingError(`${where}.subnet`, 'a subnet', subnet);
  return present({
    subnet: canonicalCidr(subnet, `${where}.subnet`),
    rangeStart: addressOf(members, 'rangestart', `${where}.rangeStart`),
    rangeEnd: addressOf(members, 'rangeend', `${where}.rangeEnd`),
    gateway: addressOf(members, 'gateway', `${where}.gateway`),
  });
}

function addressOf(members: JsonObject, key: string, where: string): string | undefined {
  const address = optionalText(members, key, where);
  return address ? canonicalIp(address, where) : undefined;
}

function bandwidth(conf: JsonObject, key: string): Bandwidth {
  const members = withoutCase(optionalObject(conf, key, key) ?? {});
  const limit = (name: string) => {
    const where = `${key}.${name}`;
    const value = optionalInteger(members, name.toLowerCase(), where);
    if (value !== undefined && value < 0) throw decodingError(where, 'no negative number', value);
    return value;
  };
  return present({
    ingressRate: limit('ingressRate'),
    ingressBurst: limit('ingressBurst'),
    egressRate: limit('egressRate'),
    egressBurst: limit('egressBurst'),
  });
}

function dns(conf: JsonObject, key: string): DnsCapability {
  const members = withoutCase(optionalObject(conf, key, key) ?? {});
  const texts = (name: string) => decodeTexts(members, name, `${key}.${name}`);
  return { servers: texts('servers'), searches: texts('searches'), options: texts('options') };
}

function annotationsOf(object: JsonObject, key: string): Readonly<Record<string, string>> {
  const texts = Object.keys(object).map((name) => [
    name,
    optionalText(object, name, `${key}.${name}`) ?? '',
  ]);
  return Object.fromEntries(texts);
}

/** The same members under lower-case keys; of keys that differ in case only, the last counts. */
const withoutCase = (members: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(members).map(([key, value]) => [lowerAscii(key), value]));

const lowerAscii = (key: string) => key.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
