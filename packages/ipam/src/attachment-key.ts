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
}

/** A key as one string. NUL cannot occur in the parts: they come from environment variables. */
export type AttachmentKeyText = `${string}\0${string}\0${string}`;

/** True when the parts that identify an attachment are there. */
export const isCompleteKey = (key: CniAttachmentKey): boolean =>
  key.containerId !== '' && key.interfaceName !== '';

/** @throws {TypeError} when the container id or the interface name is empty. */
export function formatAttachmentKey(key: CniAttachmentKey): AttachmentKeyText {
  if (!isCompleteKey(key)) {
    throw new TypeError(
      `an attachment needs a container id and an interface name, got ${JSON.stringify(key)}`,
    );
  }
  return `${key.networkName}\0${key.containerId}\0${key.interfaceName}`;
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
