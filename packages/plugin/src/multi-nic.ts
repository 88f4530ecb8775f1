import { capabilityOf, type PluginConf } from '@vpc-cni/cni-spec';

const ANNOTATION = 'k8s.amazonaws.com/nicConfig';
const EVERY_CARD = 'multi-nic-attachment';

/**
 * Whether the pod's annotations ask for an interface on every network card.
 *
 * @throws {CniError} 6 when the annotations are malformed.
 */
export const wantsEveryCard = ({ runtimeConfig }: PluginConf): boolean =>
  capabilityOf(runtimeConfig, 'io.kubernetes.cri.pod-annotations')?.[ANNOTATION] === EVERY_CARD;

/** What the interface of a pod is called inside of it: the runtime names the first one, upstream the others. */
export const podLinkName = (first: string, interfaceIndex: number): string =>
  interfaceIndex === 0 ? first : `mNicIf${interfaceIndex}`;
