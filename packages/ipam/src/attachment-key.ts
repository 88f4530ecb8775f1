import type { IpAddress } from './ip-address.ts';

/**
 * Identifies a CNI attachment: one network configuration applied to one container.
 *
 * @see CNI specification 1.1.0, section 2, "CNI_CONTAINERID" and "CNI_IFNAME"
 */
export interface CniAttachmentKey {
  readonly networkName: string;
  readonly containerId: string;
  readonly interfaceName: string;
}

/** What is remembered of the pod behind an attachment; kept in the checkpoint, never interpreted. */
export interface AttachmentMetadata {
  readonly podNamespace?: string;
  readonly podName?: string;
  /** Interfaces the pod has on this node; more than one only for pods on several network cards. */
  readonly interfacesCount?: number;
  /** Missing where others wire the pod, and in checkpoints of others. */
  readonly wiring?: AttachmentWiring;
}

/** How the pod of an attachment is wired, for whoever has to find its links again after a restart. */
export interface AttachmentWiring {
  /** Path of the pod's network namespace. */
  readonly netnsPath: string;
  readonly vethPrefix: string;
  readonly mtuBytes: number;
}

/** A key as one string. NUL cannot occur in the parts: they come from environment variables. */
export type AttachmentKeyText = `${string}\0${string}\0${string}`;

/** True when the parts that identify an attachment are there. */
export const isCompleteKey = (key: CniAttachmentKey): boolean =>
  key.containerId !== '' && key.interfaceName !== '';

// What is not text would be written to the checkpoint, and the next start could not read it.
const isText = (value: unknown): boolean => typeof value === 'string';

/** @throws {TypeError} when a part is no text, or the container id or the interface name is empty. */
export function formatAttachmentKey(key: CniAttachmentKey): AttachmentKeyText {
  const { networkName, containerId, interfaceName } = key;
  if (![networkName, containerId, interfaceName].every(isText) || !isCompleteKey(key)) {
    throw new TypeError(
      `an attachment needs a network name, a container id and an interface name, got ${JSON.stringify(key)}`,
    );
  }
  return `${networkName}\0${containerId}\0${interfaceName}`;
}

/** @throws {TypeError} when a member is there that is not of its type. */
export function requireMetadata(metadata: AttachmentMetadata): void {
  const { podNamespace = '', podName = '', interfacesCount = 0, wiring } = metadata;
  const { netnsPath = '', vethPrefix = '', mtuBytes = 0 } = wiring ?? {};
  const areTexts = [podNamespace, podName, netnsPath, vethPrefix].every(isText);
  if (!areTexts || ![interfacesCount, mtuBytes].every(Number.isSafeInteger)) {
    throw new TypeError(
      `metadata are a pod's namespace and name as text, a count of interfaces and how it is wired, got ${JSON.stringify(metadata)}`,
    );
  }
}

/**
 * The key under which the reference implementation keeps attachments whose real key it never
 * learnt (pods older than its release 1.7). Their DEL arrives with the real key.
 */
export const migratedKey = (containerId: string): CniAttachmentKey => ({
  networkName: '_migrated-from-cri',
  containerId,
  interfaceName: 'unknown',
});

/**
 * The key of a reservation of which only the address is known, because the checkpoint was lost and
 * nobody knew the pod. No DEL comes with it: {@link AddressBook.identify} it once the pod is known, or
 * release it when the kernel's rule for the address is gone or a DEL tells the address.
 */
export const recoveredKey = (address: IpAddress): CniAttachmentKey => migratedKey(address);
