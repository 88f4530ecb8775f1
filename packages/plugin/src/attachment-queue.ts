import { CniError } from '@vpc-cni/cni-spec';
import { PLUGIN_ERROR } from './cni-error-table.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import type { AttachmentKey, PodIdentity } from './ports.ts';

/**
 * Runs the operations of one attachment one after the other, those of different ones at once.
 *
 * CNI leaves it open whether a runtime may have two operations of one attachment under way. And a pod's
 * sandboxes share one thing, the host link, which is named after the pod: it belongs to the sandbox whose
 * ADD came last.
 */
export interface AttachmentQueue {
  run<T>(key: AttachmentKey, operation: () => Promise<T>): Promise<T>;
  /**
   * Runs an ADD. The signal that it gets fires with that of the request, and when it is overtaken: by a
   * DEL of its attachment, or by the ADD of the pod's next sandbox. A runtime that gave an ADD up may
   * have left its launcher alive.
   */
  runAdd<T>(
    key: AttachmentKey,
    request: { readonly pod: PodIdentity; readonly signal: AbortSignal },
    operation: (signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
  /** Runs a DEL; an ADD that came before it is told to end, and ends first. */
  runDel<T>(key: AttachmentKey, operation: () => Promise<T>): Promise<T>;
  /** Runs, within one of the above, what is done to a pod's links: one sandbox of the pod at a time. */
  wire<T>(pod: PodIdentity, operation: () => Promise<T>): Promise<T>;
  /** Whether an operation of the attachment runs or waits. */
  isBusy(key: AttachmentKey): boolean;
}

interface RunningAdd {
  readonly key: AttachmentKey;
  readonly pod: PodIdentity;
  readonly overtake: (by: string) => void;
}

export function createAttachmentQueue(): AttachmentQueue {
  const attachments = createKeyedQueue();
  const pods = createKeyedQueue();
  const adds = new Set<RunningAdd>();
  const overtake = (by: string, isMeant: (add: RunningAdd) => boolean) => {
    for (const add of adds) if (isMeant(add)) add.overtake(by);
  };

  return {
    run: (key, operation) => attachments.run(idOf(key), operation),
    runAdd: async (key, { pod, signal }, operation) => {
      overtake(
        `the ADD of ${key.containerId}, the pod's next sandbox`,
        (add) => isSamePod(add, { key, pod }) && idOf(add.key) !== idOf(key),
      );
      const ended = new AbortController();
      const add: RunningAdd = {
        key,
        pod,
        overtake: (by) => ended.abort(overtakenError(key, by)),
      };
      adds.add(add);
      // By hand: AbortSignal.any takes a hundredth of an ADD.
      const giveUp = () => ended.abort(signal.reason);
      if (signal.aborted) giveUp();
      signal.addEventListener('abort', giveUp);
      try {
        return await attachments.run(idOf(key), () => operation(ended.signal));
      } finally {
        signal.removeEventListener('abort', giveUp);
        adds.delete(add);
      }
    },
    runDel: (key, operation) => {
      overtake('its DEL', (add) => idOf(add.key) === idOf(key));
      return attachments.run(idOf(key), operation);
    },
    wire: ({ podNamespace, podName }, operation) =>
      pods.run(JSON.stringify([podNamespace, podName]), operation),
    isBusy: (key) => attachments.has(idOf(key)),
  };
}

const idOf = ({ networkName, containerId, interfaceName }: AttachmentKey) =>
  JSON.stringify([networkName, containerId, interfaceName]);

const isSamePod = (a: Omit<RunningAdd, 'overtake'>, b: Omit<RunningAdd, 'overtake'>): boolean =>
  a.pod.podNamespace === b.pod.podNamespace &&
  a.pod.podName === b.pod.podName &&
  a.key.networkName === b.key.networkName &&
  a.key.interfaceName === b.key.interfaceName;

const overtakenError = ({ interfaceName, containerId }: AttachmentKey, by: string) =>
  new CniError(
    PLUGIN_ERROR.overtaken,
    `this ADD was overtaken by ${by}`,
    `container ${containerId}, interface ${interfaceName}; nothing was wired`,
  );
