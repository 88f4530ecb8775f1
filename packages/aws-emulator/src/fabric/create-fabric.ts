import { ipv4Address, ipv4Block, requireInside } from './command-words.ts';
import type { Fabric, FabricOptions } from './fabric.ts';
import { FabricError, isFabricError } from './fabric-error.ts';
import { type FabricPlan, fabricSteps, gatewaySteps, internetSteps, LINKS } from './fabric-plan.ts';
import { runNft, startNetns } from './ip-batch.ts';
import { KernelFabric } from './kernel-fabric.ts';
import { FABRIC_TABLE, gatewayScript, hopLimitScript } from './nft-script.ts';
import { FABRIC_SYSCTLS, GATEWAY_SYSCTLS } from './sysctl.ts';
import { Topology } from './topology.ts';
import { allOrNothing, type Changes } from './undo.ts';

/**
 * Turns the network namespace of the calling process into a VPC.
 *
 * The namespace then owns each subnet's router and resolver, `IMDS_ADDRESS` and `EC2_ENDPOINT_ADDRESS`, so servers of
 * this process can listen there. Call it in a namespace of your own (`unshare --net --mount`, with a private
 * /run/netns): forwarding, the default route and reverse-path filtering change. Needs root in it, or in the user
 * namespace that owns it; ip(8), nft(8) and nsenter(1).
 *
 * @throws {FabricError} `fabric-exists`, `invalid-argument`, or `kernel-refused`; nothing is left behind.
 */
export async function createFabric(options: FabricOptions): Promise<Fabric> {
  const topology = new Topology(options.prefix);
  const plan: FabricPlan = {
    gatewayNetns: `${options.prefix}-gateway`,
    internetNetns: `${options.prefix}-internet`,
    vpcCidrs: options.vpcCidrs.map((cidr) => ipv4Block(cidr).cidr),
    internetAddress: ipv4Address(options.internetAddress ?? '198.51.100.1'),
    publicCidr: ipv4Block(options.publicCidr ?? '203.0.113.0/24').cidr,
  };
  const natGatewayAddress = requireInside(
    plan.publicCidr,
    options.natGatewayAddress ?? '203.0.113.254',
  );
  const undo = await allOrNothing((changes) => setUp(plan, natGatewayAddress, changes));
  return new KernelFabric({ topology, plan, natGatewayAddress, undo });
}

async function setUp(plan: FabricPlan, natGatewayAddress: string, changes: Changes): Promise<void> {
  const { gatewayNetns, internetNetns } = plan;
  await claimNamespace(changes);
  for (const sysctl of FABRIC_SYSCTLS) changes.sysctl(sysctl);
  await changes.ip(fabricSteps(plan));
  await startNetns(gatewayNetns, GATEWAY_SYSCTLS);
  await changes.ip(gatewaySteps(plan), { netns: gatewayNetns });
  const internetLink = LINKS.gatewayToInternet;
  await runNft(gatewayScript({ internetLink, natGatewayAddress }), { netns: gatewayNetns });
  await startNetns(internetNetns, []);
  await changes.ip(internetSteps(plan), { netns: internetNetns });
}

async function claimNamespace(changes: Changes): Promise<void> {
  try {
    await changes.nft(hopLimitScript(), `delete table ip ${FABRIC_TABLE}`);
  } catch (cause) {
    if (!isFabricError(cause) || !/File exists/.test(cause.message)) throw cause;
    throw new FabricError(
      'fabric-exists',
      `creating a fabric: this network namespace has one (nft table ip ${FABRIC_TABLE}); close it first`,
      { cause },
    );
  }
}
