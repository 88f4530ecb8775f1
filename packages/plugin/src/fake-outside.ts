import type {
  AddressPort,
  AttachmentKey,
  BranchEni,
  HeldAddress,
  PodInterface,
  PodPlace,
  PodToCheck,
  PodWiring,
  Refusal,
  WiringPort,
} from './ports.ts';
import { isPlaced } from './wiring-of.ts';

/** Address book and host in memory, scriptable; for tests of this package. */
export interface FakeOutside {
  readonly addresses: AddressPort;
  readonly wiring: WiringPort;
  readonly readiness: { refusal(): Refusal | undefined };
  /** Pods that are wired, by container id. */
  readonly wired: Map<string, PodWiring>;
  /** Containers by the name of the pod whose host link is theirs: one that comes takes it. */
  readonly hostLinks: ReadonlyMap<string, string>;
  /** How each container's address was to be wired, as the address book was told. */
  readonly places: ReadonlyMap<string, PodPlace>;
  /** From now on pods have this ENI of their own. */
  giveBranchEnis(branchEni: Omit<BranchEni, 'mode'>): void;
  /** What the wiring was last asked to tear down. */
  readonly tornDown: () => PodInterface | undefined;
  /** What the wiring was last asked to check. */
  readonly checked: () => PodToCheck | undefined;
  /** What happened, in order: `reserve a`, and where something takes time, `set up a` … `a is set up`. */
  readonly log: readonly string[];
  refuseWith(refusal: Refusal | undefined): void;
  failSetUp(error: Error | undefined): void;
  failTearDown(error: Error | undefined): void;
  failRelease(error: Error | undefined): void;
  /** The key of what the container holds was lost; only the address is known. */
  loseKey(containerId: string): void;
  /** The ENI of what the container holds is no longer attached. */
  strand(containerId: string): void;
  /** Makes CHECK find these differences. */
  drift(missing: readonly string[]): void;
  /** From now on operations of this kind begin and do not end, until the function it returns is called. */
  hold(operation: HeldOperation): () => void;
}

type HeldOperation = 'reserve' | 'set up' | 'tear down';

export function createFakeOutside(): FakeOutside {
  const held = new Map<string, HeldAddress>();
  const wired = new Map<string, PodWiring>();
  const hostLinks = new Map<string, string>();
  const places = new Map<string, PodPlace>();
  const lostKeys = new Set<string>();
  const log: string[] = [];
  let count = 0;
  let branchEni: Omit<BranchEni, 'mode'> | undefined;
  let refusal: Refusal | undefined;
  let setUpError: Error | undefined;
  let tearDownError: Error | undefined;
  let releaseError: Error | undefined;
  let missing: readonly string[] = [];
  let tornDown: PodInterface | undefined;
  let checked: PodToCheck | undefined;
  const gates = new Map<HeldOperation, Promise<void>>();
  const idOf = (key: AttachmentKey) => `${key.containerId}/${key.interfaceName}`;
  const ownerOf = (pod: PodInterface) =>
    [...held.values()].find(({ address }) => address === pod.address)?.key.containerId ?? '?';

  return {
    wired,
    hostLinks,
    places,
    tornDown: () => tornDown,
    checked: () => checked,
    log,
    readiness: { refusal: () => refusal },
    giveBranchEnis: (value) => {
      branchEni = value;
    },
    refuseWith: (value) => {
      refusal = value;
    },
    failSetUp: (error) => {
      setUpError = error;
    },
    failTearDown: (error) => {
      tearDownError = error;
    },
    failRelease: (error) => {
      releaseError = error;
    },
    drift: (value) => {
      missing = value;
    },
    loseKey: (containerId) => {
      for (const [id, { key, address }] of held) {
        if (key.containerId !== containerId) continue;
        held.delete(id);
        lostKeys.add(address);
      }
    },
    strand: (containerId) => {
      for (const [id, { eni: _, ...stranded }] of held) {
        if (stranded.key.containerId === containerId) held.set(id, stranded);
      }
    },
    hold: (operation) => {
      let open = () => {};
      gates.set(operation, new Promise((resolve) => (open = resolve)));
      return open;
    },
    addresses: {
      reserve: async (key, pod, { signal, wiring }) => {
        log.push(`reserve ${key.containerId}`);
        if (wiring !== undefined) places.set(key.containerId, wiring);
        await unlessAborted(gates.get('reserve'), signal);
        if (refusal !== undefined) return refusal;
        const known = held.get(idOf(key));
        if (known !== undefined && isPlaced(known))
          return { kind: 'reserved', held: known, isNew: false };
        if (known !== undefined)
          return { kind: 'refused', reason: 'eni-absent', message: 'stranded' };
        count += 1;
        const address = `10.0.0.${count}`;
        const eni = { deviceNumber: 1, routeTableId: 2 };
        const mode = wiring?.branchMode ?? 'strict';
        const place = branchEni === undefined ? { eni } : { branch: { ...branchEni, mode } };
        const fresh = { ...pod, key, address, ...place };
        held.set(idOf(key), fresh);
        return { kind: 'reserved', held: fresh, isNew: true };
      },
      find: async (key) => held.get(idOf(key)),
      identify: async (key, { address, ...pod }) => {
        if (!lostKeys.delete(address)) return undefined;
        const found: HeldAddress = { ...pod, key, address };
        held.set(idOf(key), found);
        return found;
      },
      release: async (key) => {
        log.push(`release ${key.containerId}`);
        held.delete(idOf(key));
        if (releaseError !== undefined) throw releaseError;
      },
      list: async (networkName) =>
        [...held.values()].filter(({ key }) => key.networkName === networkName),
    },
    wiring: {
      setUp: async (pod) => {
        const owner = ownerOf(pod);
        log.push(`set up ${owner}`);
        await gates.get('set up');
        if (setUpError !== undefined) throw setUpError;
        if (wired.has(owner)) {
          throw Object.assign(new Error('[link-exists] eth0 exists'), { code: 'link-exists' });
        }
        wired.set(owner, pod);
        hostLinks.set(pod.podName, owner);
        log.push(`${owner} is set up`);
        const prefix = pod.branch?.mode === 'strict' ? 'vlan' : pod.vethPrefix;
        return { hostLinkName: `${prefix}cc21c2d7785` };
      },
      tearDown: async (pod) => {
        const owner = ownerOf(pod);
        log.push(`tear down ${owner}`);
        tornDown = pod;
        await gates.get('tear down');
        if (tearDownError !== undefined) throw tearDownError;
        wired.delete(owner);
        if (hostLinks.get(pod.podName) === owner) hostLinks.delete(pod.podName);
        log.push(`${owner} is torn down`);
      },
      check: async (pod) => {
        checked = pod;
        return missing;
      },
    },
  };
}

/** As whoever waits for an address does. */
const unlessAborted = (gate: Promise<void> | undefined, signal: AbortSignal) =>
  Promise.race([
    gate,
    new Promise<never>((_, reject) => {
      if (gate === undefined) return;
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    }),
  ]);
