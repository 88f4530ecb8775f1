import type { V1Pod } from '@kubernetes/client-node';

/** What a daemon keeps of a pod. */
export interface PodFacts {
  /** As kubelet and the container runtime know it. */
  readonly uid: string;
  /** Whether its first container asks for a branch ENI. */
  readonly wantsBranchEni: boolean;
  /** The annotation `vpc.amazonaws.com/pod-eni`, as it is written. */
  readonly podEniAnnotation: string | undefined;
}

/** Where a static pod's mirror in the API server, which has a UID of its own, says which pod it mirrors. */
const MIRRORED_UID_KEY = 'kubernetes.io/config.mirror';

export const POD_ENI_KEY = 'vpc.amazonaws.com/pod-eni';

/** Of a pod's many fields, those few: memory does not grow with what pods carry. */
export function podFactsOf({ metadata, spec }: V1Pod): PodFacts {
  const limits = spec?.containers[0]?.resources?.limits ?? {};
  return {
    uid: metadata?.annotations?.[MIRRORED_UID_KEY] ?? metadata?.uid ?? '',
    wantsBranchEni: Object.keys(limits).some((key) => key.startsWith(POD_ENI_KEY)),
    podEniAnnotation: metadata?.annotations?.[POD_ENI_KEY],
  };
}

/** A pod's branch ENI, as the VPC resource controller writes it down. */
export interface PodEni {
  readonly eniId: string;
  /** Lower case. */
  readonly mac: string;
  readonly vlanId: number;
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  readonly subnetCidr: string | undefined;
  readonly subnetIpv6Cidr: string | undefined;
}

/**
 * Reads the annotation; its first entry counts. Names are matched without regard to case, because the
 * projects that write and read it spell `vlanId` in two ways.
 *
 * @throws {TypeError} when it is no list of ENIs, or lacks MAC, VLAN or an address.
 */
export function readPodEni(annotation: string): PodEni {
  const complaint = (what: string) =>
    new TypeError(`annotation ${POD_ENI_KEY} ${what}: ${annotation.slice(0, 200)}`);
  const [first] = listIn(annotation) ?? [];
  if (typeof first !== 'object' || first === null) throw complaint('is no list of ENIs');
  const fields = new Map(
    Object.entries(first).map(([name, value]) => [name.toLowerCase(), value as unknown]),
  );
  const text = (name: string): string | undefined => {
    const value = fields.get(name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const mac = text('ifaddress')?.toLowerCase();
  const vlanId = Number(fields.get('vlanid'));
  const [ipv4, ipv6] = [text('privateip'), text('ipv6addr')];
  if (mac === undefined) throw complaint('has no ifAddress');
  if (!Number.isInteger(vlanId) || vlanId < 1 || vlanId > 4094) throw complaint('has no vlanId');
  if (ipv4 === undefined && ipv6 === undefined) throw complaint('has no address');
  return {
    eniId: text('eniid') ?? '',
    mac,
    vlanId,
    ipv4,
    ipv6,
    subnetCidr: text('subnetcidr'),
    subnetIpv6Cidr: text('subnetv6cidr'),
  };
}

function listIn(annotation: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(annotation);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
