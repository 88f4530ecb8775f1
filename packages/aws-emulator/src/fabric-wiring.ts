import { type AttachedEni, destinationsOf, type EniRecord } from './cloud/eni.ts';
import type { EniId } from './cloud/ids.ts';
import type { SubnetRecord } from './cloud/network.ts';
import type { FabricInstance, FabricPort, PublicMapping } from './fabric-port.ts';

/** Hears of every call to the fabric that failed. */
export type FabricFailureListener = (
  operation: 'plug' | 'unplug' | 'sync',
  eniId: EniId,
  error: unknown,
) => void;

/**
 * Keeps a packet fabric in step with the state model.
 *
 * Calls about one ENI run one after another; each compares what the fabric has been told with what
 * the model says at that moment, so an address assigned while the link is being plugged is neither
 * lost nor told twice. Without a fabric every call is free.
 */
export class FabricWiring {
  readonly #fabric: FabricPort | undefined;
  readonly #onFailure: FabricFailureListener;
  readonly #plugged = new Map<EniId, Set<string>>();
  readonly #queues = new Map<EniId, Promise<void>>();
  #subnets: Promise<void> = Promise.resolve();

  constructor(fabric: FabricPort | undefined, onFailure: FabricFailureListener) {
    this.#fabric = fabric;
    this.#onFailure = onFailure;
  }

  /** Announces a subnet. A failure shows in the next call that needs it. */
  addSubnet(subnet: SubnetRecord): void {
    const { subnetId, cidr, isPublic } = subnet;
    this.#subnets = this.#subnets.then(() => this.#fabric?.addSubnet({ subnetId, cidr, isPublic }));
    this.#subnets.catch(() => {});
  }

  /** Resolves when the fabric has done everything it has been told so far. */
  async settled(): Promise<void> {
    await Promise.all([this.#subnets, ...this.#queues.values()]);
  }

  async addInstance(instance: FabricInstance): Promise<void> {
    await this.#subnets;
    await this.#fabric?.addInstance(instance);
  }

  async mapPublic(mapping: PublicMapping): Promise<void> {
    await this.#fabric?.mapPublic(mapping);
  }

  async unmapPublic(mapping: PublicMapping): Promise<void> {
    await this.#fabric?.unmapPublic(mapping);
  }

  /** Plugs an ENI's link into its instance. */
  plug(eni: AttachedEni): Promise<void> {
    return this.#enqueue('plug', eni.eniId, async (fabric) => {
      await this.#subnets;
      const addresses = destinationsOf(eni);
      const { instanceId, deviceIndex, networkCardIndex } = eni.attachment;
      const { eniId, mac, subnetId, primaryAddress } = eni;
      await fabric.attachEni({
        eniId,
        instanceId,
        mac,
        deviceIndex,
        networkCardIndex,
        subnetId,
        primaryAddress,
        addresses,
      });
      this.#plugged.set(eniId, new Set(addresses));
    });
  }

  /** Takes an ENI's link out; nothing happens when it was not plugged. */
  unplug({ eniId }: EniRecord): Promise<void> {
    return this.#enqueue('unplug', eniId, async (fabric) => {
      if (this.#plugged.has(eniId)) {
        await fabric.detachEni({ eniId });
        this.#plugged.delete(eniId);
      }
    });
  }

  /** Brings the destinations of a plugged ENI up to date. */
  sync(eni: EniRecord): Promise<void> {
    return this.#enqueue('sync', eni.eniId, async (fabric) => {
      const told = this.#plugged.get(eni.eniId);
      if (told === undefined) {
        return;
      }
      const wanted = destinationsOf(eni);
      const gone = [...told].filter((destination) => !wanted.includes(destination));
      const added = wanted.filter((destination) => !told.has(destination));
      if (gone.length > 0) {
        await fabric.unassign(eni.eniId, gone);
        for (const destination of gone) {
          told.delete(destination);
        }
      }
      if (added.length > 0) {
        await fabric.assign(eni.eniId, added);
        for (const destination of added) {
          told.add(destination);
        }
      }
    });
  }

  #enqueue(
    operation: 'plug' | 'unplug' | 'sync',
    eniId: EniId,
    work: (fabric: FabricPort) => Promise<void>,
  ): Promise<void> {
    const fabric = this.#fabric;
    if (fabric === undefined) {
      return Promise.resolve();
    }
    const before = this.#queues.get(eniId) ?? Promise.resolve();
    const done = before.catch(() => {}).then(() => work(fabric));
    this.#queues.set(eniId, done);
    const forget = () => {
      if (this.#queues.get(eniId) === done) {
        this.#queues.delete(eniId);
      }
    };
    done.then(forget, (error: unknown) => {
      forget();
      this.#onFailure(operation, eniId, error);
    });
    return done;
  }
}
