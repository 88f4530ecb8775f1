#!/usr/bin/env node
import { join } from 'node:path';
import { KNOWN_VERSIONS } from '@vpc-cni/cni-spec';
import { runPlugin } from '@vpc-cni/cni-spec/plugin';
import { createPodWiring, openHostNetwork } from '@vpc-cni/host-network';
import { createPluginHandlers } from '@vpc-cni/plugin';
import packageJson from '../package.json' with { type: 'json' };
import { createDaemonAddresses } from './daemon-addresses.ts';
import { createDaemonPolicies } from './daemon-policies.ts';
import { createDaemonReadiness } from './daemon-readiness.ts';
import { systemSink, withPluginLog } from './plugin-log.ts';

// The verbs of the daemon, as an ordinary CNI executable: addresses, and the policy agent's word, come from ipamd.
const runDirectory = process.env['AWS_VPC_K8S_CNI_RUN_DIR'] || '/var/run/aws-node';
const socketPath = join(runDirectory, 'cni.sock');
const network = openHostNetwork();

const handlers = createPluginHandlers({
  addresses: createDaemonAddresses(socketPath),
  wiring: createPodWiring(network),
  readiness: createDaemonReadiness(socketPath),
  policies: createDaemonPolicies(socketPath),
});

await runPlugin(withPluginLog(handlers, systemSink, { nowMs: Date.now }), {
  supportedVersions: KNOWN_VERSIONS,
  about: `AWS CNI ${packageJson.version}`,
});
await network.close();
