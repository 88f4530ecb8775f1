#!/usr/bin/env node
import { CURRENT_VERSION, convertResult, KNOWN_VERSIONS } from '@vpc-cni/cni-spec';
import { runPlugin } from '@vpc-cni/cni-spec/plugin';
import { delegate } from '@vpc-cni/cni-spec/runtime';
import { createEgressWiring, openHostNetwork } from '@vpc-cni/host-network';
import { createEgressHandlers } from '@vpc-cni/plugin';
import packageJson from '../package.json' with { type: 'json' };
import { systemSink, withPluginLog } from './plugin-log.ts';

// egress-cni, chained behind aws-cni: needs no daemon, and gets its addresses from another plugin.
const network = openHostNetwork();

const handlers = createEgressHandlers({
  addresses: {
    add: async (type, { stdin, signal }) =>
      convertResult(await delegate('ADD', type, stdin, { signal }), CURRENT_VERSION),
    del: (type, { stdin }) => delegate('DEL', type, stdin),
    check: (type, { stdin, signal }) => delegate('CHECK', type, stdin, { signal }),
  },
  wiring: createEgressWiring(network),
});

await runPlugin(withPluginLog(handlers, systemSink, { nowMs: Date.now }, 'egress.ts'), {
  supportedVersions: KNOWN_VERSIONS,
  about: `egress CNI plugin ${packageJson.version}`,
});
await network.close();
