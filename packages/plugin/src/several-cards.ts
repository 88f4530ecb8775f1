import { CNI_ERROR, CniError, capabilityOf, type PluginConf } from '@vpc-cni/cni-spec';

const ANNOTATION = 'k8s.amazonaws.com/nicConfig';
const SEVERAL = 'multi-nic-attachment';

/**
 * Refuses a pod whose annotations ask for an interface on every network card: with one it would run, and
 * not have what it was promised. The AWS VPC CNI refuses it, too, unless it was told to serve such pods.
 *
 * @throws {CniError} 2; 6 when the annotations are malformed.
 */
export function requireOneCard({ runtimeConfig }: PluginConf): void {
  const annotations = capabilityOf(runtimeConfig, 'io.kubernetes.cri.pod-annotations');
  if (annotations?.[ANNOTATION] !== SEVERAL) return;
  throw new CniError(
    CNI_ERROR.unsupportedField,
    'pods on several network cards are not served yet',
    `the pod's annotation ${ANNOTATION} is ${SEVERAL}; remove it`,
  );
}
