import {
  addFeaturePatch,
  CNI_NODES,
  type CniNodeFeature,
  patchObject,
  type RawCniNode,
} from '@vpc-cni/kubernetes';
import type { ClusterConfig } from '../config.ts';
import type { Context } from '../context.ts';
import type { Cluster } from './cluster.ts';
import { eniConfigNameOf } from './eni-config-subnets.ts';

/** The VPC resource controller makes the object; it may come after the node. */
const RETRY_MS = 5_000;
/** Somebody may make it anew. */
const REPEAT_MS = 600_000;

/**
 * Keeps the features in the node's CNINode, by which the VPC resource controller gives it a trunk ENI, until
 * the daemon ends.
 *
 * @param features as they are wanted at the moment.
 */
export async function keepFeatures(
  { clock, log, signal }: Pick<Context, 'clock' | 'log' | 'signal'>,
  { client, nodeName: name }: Pick<Cluster, 'client' | 'nodeName'>,
  features: () => readonly CniNodeFeature[],
): Promise<void> {
  let lastTrouble = '';
  while (!signal.aborted) {
    let waitMs = REPEAT_MS;
    try {
      for (const feature of features()) {
        const patchFor = (object: RawCniNode) => addFeaturePatch(object, feature);
        const subject = { resource: CNI_NODES, name };
        const outcome = await patchObject(client, subject, patchFor, { signal, clock });
        if (outcome === 'patched') log.info({ feature }, 'the CNINode has a feature more');
      }
      lastTrouble = '';
    } catch (error) {
      if (signal.aborted) return;
      waitMs = RETRY_MS;
      const trouble = String(error);
      if (trouble !== lastTrouble) log.warn({ err: error }, 'the CNINode lacks a feature');
      lastTrouble = trouble;
    }
    await clock.sleep(waitMs, { signal }).catch(() => {}); // the end
  }
}

/**
 * `SecurityGroupsForPods`, and with custom networking the ENIConfig that the trunk ENI shall follow, unless
 * it is the one that is taken without a name.
 */
export function wantedFeatures(
  cluster: Pick<Cluster, 'node'>,
  config: ClusterConfig,
): readonly CniNodeFeature[] {
  const name = config.customNetworking ? eniConfigNameOf(cluster, config) : undefined;
  return [
    ...(name === undefined || name === 'default'
      ? []
      : [{ name: 'CustomNetworking' as const, value: name }]),
    { name: 'SecurityGroupsForPods' },
  ];
}
