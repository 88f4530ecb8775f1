import { CNI_ERROR, CniError } from '@vpc-cni/cni-spec';
import type { PluginPorts } from './plugin-ports.ts';

/** STATUS: fails with 50 while an ADD would have to be refused. */
export async function status(ports: PluginPorts): Promise<void> {
  const refusal = await ports.readiness.refusal();
  if (refusal === undefined) return;
  throw new CniError(
    CNI_ERROR.notAvailable,
    `the node cannot give addresses (${refusal.reason})`,
    refusal.message,
  );
}
