// ADD, CHECK and DEL, from exec to exit: our launcher and daemon beside Debian's ptp and bridge with host-local;
// and what the daemon costs.
import { setTimeout as sleep } from 'node:timers/promises';
import { createVpcInABox, launcherPath, pluginConf, type SandboxNode } from '@vpc-cni/sandbox';
import { endure } from './cni/endurance.ts';
import { joinSeconds } from './cni/join.ts';
import { race } from './cni/race.ts';
import { figuresOf, type Measured, table } from './cni/report.ts';
import type { Contestant } from './contestant/exec.ts';
import { bridge, ptp } from './contestant/reference-plugins.ts';
import { measureLauncher } from './launcher/measure-launcher.ts';

const JOINING_NODES = 3;
/** Enough for every pod that there is at once: this is about wiring, not about EC2. */
const ADDRESSES_FOR_RACE = 130;
const ADDRESSES_FOR_ENDURANCE = 400;
const FILL_LIMIT_MS = 60_000;

const environmentFor = (addresses: number) => ({
  IP_COOLDOWN_PERIOD: '0',
  MINIMUM_IP_TARGET: String(addresses),
  WARM_IP_TARGET: '1',
  AWS_VPC_K8S_CNI_LOGLEVEL: 'warn',
});

const oursOn = (node: SandboxNode): Contestant => ({
  name: 'aws-cni',
  path: launcherPath,
  // As on a node; what a runtime had to read would be the reader's time.
  conf: { ...pluginConf, pluginLogFile: `${node.runDirectory}/plugin.log` },
  environment: { CNI_PATH: '/opt/cni/bin', AWS_VPC_K8S_CNI_RUN_DIR: node.runDirectory },
});

async function waitUntilFull(node: SandboxNode, addresses: number): Promise<void> {
  const deadline = Date.now() + FILL_LIMIT_MS;
  for (;;) {
    const cards = (await node.introspect('/v1/enis')) as Record<string, { TotalIPs: number }>;
    const total = Object.values(cards).reduce((sum, { TotalIPs }) => sum + TotalIPs, 0);
    if (total >= addresses) return;
    if (Date.now() > deadline) throw new Error(`${node.name} has ${total} addresses only`);
    await sleep(100);
  }
}

async function measure(nodes: readonly SandboxNode[]): Promise<Measured> {
  const launcher = await measureLauncher();
  const joins: number[] = [];
  for (const node of nodes) {
    joins.push(await joinSeconds(node, environmentFor(ADDRESSES_FOR_RACE)));
    await waitUntilFull(node, ADDRESSES_FOR_RACE);
    await node.stop();
  }
  const [node] = nodes;
  if (node === undefined) throw new Error('a benchmark without a node');
  const ours = oursOn(node);

  await node.start(environmentFor(ADDRESSES_FOR_RACE));
  const [oursSample, ptpSample, bridgeSample] = await race(node.netns, [ours, ptp, bridge]);
  if (!oursSample || !ptpSample || !bridgeSample) throw new Error('a race without runners');
  await node.stop();

  await node.start(environmentFor(ADDRESSES_FOR_ENDURANCE));
  await waitUntilFull(node, ADDRESSES_FOR_ENDURANCE);
  if (node.daemonPid === undefined) throw new Error('the daemon has ended');
  const endurance = await endure(ours, node.netns, node.daemonPid);
  return { ours: oursSample, ptp: ptpSample, bridge: bridgeSample, endurance, joins, launcher };
}

const box = await createVpcInABox({
  nodeCount: JOINING_NODES,
  instanceType: 'm5.24xlarge',
  prefix: 'bench',
  attachDelayMs: 0,
});
try {
  const measured = await measure(box.nodes);
  console.log(
    process.argv.includes('--json')
      ? JSON.stringify({ bench: 'cni', figures: figuresOf(measured) })
      : table(measured),
  );
} finally {
  await box.close();
}
