import type { Clock } from './clock.ts';
import type { Slot } from './cloud/attach-rules.ts';
import type { Cloud, Launched, LaunchRequest } from './cloud/cloud.ts';
import { Ec2Error } from './cloud/ec2-error.ts';
import type { AttachedEni, EniAttachment, EniRecord } from './cloud/eni.ts';
import { isAttached, isPrimaryEni } from './cloud/eni.ts';
import type { InstanceRecord } from './cloud/instance.ts';
import type { FabricWiring } from './fabric-wiring.ts';
import type { Knobs } from './knobs.ts';

/**
 * The steps of an ENI's life that take time: attach and detach with their delays, and the start and
 * end of an instance, which attach and detach in bulk.
 */
export class EniLifeCycle {
  readonly #cloud: Cloud;
  readonly #wiring: FabricWiring;
  readonly #clock: Clock;
  readonly #knobs: Pick<Knobs, 'attachDelayMs' | 'detachDelayMs'>;
  readonly #onChange: () => void;
  /** Attachments and detachments under way; aborting one cancels it. */
  readonly #underWay = new Map<EniAttachment, AbortController>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #endings = new WeakMap<InstanceRecord, Promise<void>>();

  constructor(options: {
    readonly cloud: Cloud;
    readonly wiring: FabricWiring;
    readonly clock: Clock;
    readonly knobs: Pick<Knobs, 'attachDelayMs' | 'detachDelayMs'>;
    /** Hears of every change that happens after the call that asked for it. */
    readonly onChange: () => void;
  }) {
    this.#cloud = options.cloud;
    this.#wiring = options.wiring;
    this.#clock = options.clock;
    this.#knobs = options.knobs;
    this.#onChange = options.onChange;
  }

  /** Starts an attachment; with a delay it completes after the answer, as in EC2. */
  async attach(eniId: string, instanceId: string, slot: Slot): Promise<EniAttachment> {
    const instance = this.#cloud.instance(instanceId);
    const attachment = this.#cloud.enis.attach(eniId, instance, slot, this.#clock.nowMs());
    const eni = this.#cloud.enis.byAttachment(attachment.attachmentId);
    await this.#after(this.#knobs.attachDelayMs, attachment, () => this.#plug(eni, attachment));
    return attachment;
  }

  /** Starts a detachment. `force` does not wait for the instance to let go. */
  async detach(attachmentId: string, options: { readonly force: boolean }): Promise<void> {
    const eni = this.#cloud.enis.byAttachment(attachmentId);
    const { attachment } = eni;
    if (isPrimaryEni(eni)) {
      throw new Ec2Error(
        'OperationNotPermitted',
        'The network interface at device index 0 and networkCard index 0 cannot be detached.',
      );
    }
    if (attachment.status === 'detaching' && !options.force) {
      return;
    }
    this.#cancel(attachment);
    attachment.status = 'detaching';
    const delayMs = options.force ? 0 : this.#knobs.detachDelayMs;
    await this.#after(delayMs, attachment, () => this.#unplug(eni, attachment));
  }

  /** Starts an instance: running, with its primary ENI attached. */
  async run(request: LaunchRequest): Promise<Launched> {
    const launched = this.#cloud.launch(request, this.#clock.nowMs());
    try {
      await this.#startInFabric(launched);
    } catch (cause) {
      await this.#wiring.unplug(launched.primaryEni);
      this.#cloud.discard(launched);
      throw cause;
    }
    return launched;
  }

  /** Ends an instance: ENIs with delete-on-termination go, the others become `available`. */
  terminate(instanceId: string): Promise<void> {
    const instance = this.#cloud.instance(instanceId);
    const ending = this.#endings.get(instance) ?? this.#end(instance);
    this.#endings.set(instance, ending);
    return ending;
  }

  async #end(instance: InstanceRecord): Promise<void> {
    instance.state = 'shutting-down';
    for (const eni of this.#cloud.enis.ofInstance(instance.instanceId)) {
      const { attachment } = eni;
      this.#cancel(attachment);
      attachment.status = 'detaching';
      await this.#unmapPublic(eni);
      await this.#unplug(eni, attachment);
      if (attachment.deleteOnTermination) {
        this.#cloud.enis.delete(eni.eniId);
      }
    }
    this.#cloud.markTerminated(instance, this.#clock.nowMs());
  }

  /** Cancels what is under way and waits until it has stopped. */
  async close(): Promise<void> {
    for (const controller of this.#underWay.values()) {
      controller.abort();
    }
    await Promise.allSettled(this.#tasks);
  }

  /** Runs `step` before the answer (no delay), later unless it is cancelled by then, or never. */
  async #after(delayMs: number, attachment: EniAttachment, step: () => Promise<void>) {
    if (delayMs <= 0) {
      await step();
      return;
    }
    if (delayMs === Number.POSITIVE_INFINITY) {
      return;
    }
    const controller = new AbortController();
    this.#underWay.set(attachment, controller);
    const { signal } = controller;
    const task = this.#clock
      .sleep(delayMs, { signal })
      .then(() => (signal.aborted ? undefined : step()))
      // Cancelled, or the fabric failed: the step has put the model in order, nobody waits for it.
      .catch(() => {})
      .then(this.#onChange)
      .finally(() => {
        this.#tasks.delete(task);
        if (this.#underWay.get(attachment) === controller) {
          this.#underWay.delete(attachment);
        }
      });
    this.#tasks.add(task);
  }

  async #startInFabric({ instance, primaryEni }: Launched): Promise<void> {
    const { instanceId, metadataHopLimit } = instance;
    await this.#wiring.addInstance({ instanceId, metadataHopLimit });
    if (isAttached(primaryEni)) {
      await this.#plug(primaryEni, primaryEni.attachment);
    }
    const { primaryAddress, publicAddress } = primaryEni;
    if (publicAddress !== undefined) {
      await this.#wiring.mapPublic({ privateAddress: primaryAddress, publicAddress });
    }
  }

  async #plug(eni: AttachedEni, attachment: EniAttachment): Promise<void> {
    try {
      await this.#wiring.plug(eni);
    } catch (cause) {
      this.#cloud.enis.clearAttachment(eni);
      throw new Ec2Error('InternalError', `The fabric could not attach ${eni.eniId}.`, { cause });
    }
    if (eni.attachment === attachment && attachment.status === 'attaching') {
      attachment.status = 'attached';
    }
  }

  async #unplug(eni: EniRecord, attachment: EniAttachment): Promise<void> {
    await this.#wiring.unplug(eni);
    if (eni.attachment === attachment) {
      this.#cloud.enis.clearAttachment(eni);
    }
  }

  async #unmapPublic(eni: EniRecord): Promise<void> {
    const { primaryAddress, publicAddress } = eni;
    if (publicAddress !== undefined) {
      await this.#wiring.unmapPublic({ privateAddress: primaryAddress, publicAddress });
      this.#cloud.releasePublicAddress(eni);
    }
  }

  #cancel(attachment: EniAttachment): void {
    this.#underWay.get(attachment)?.abort();
    this.#underWay.delete(attachment);
  }
}
