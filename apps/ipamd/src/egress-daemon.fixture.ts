// A daemon that serves egress-cni alone, in the network namespace it is started in: `egress-daemon.fixture.ts SOCKET`.
import { handleRequest, KNOWN_VERSIONS } from '@vpc-cni/cni-spec';
import { serveLauncher } from '@vpc-cni/cni-spec/launcher';
import { createEgressAddresses, createEgressWiring, openHostNetwork } from '@vpc-cni/host-network';
import { createEgressHandlers } from '@vpc-cni/plugin';

const [, , socketPath = ''] = process.argv;
const handlers = createEgressHandlers({
  addresses: createEgressAddresses(),
  wiring: createEgressWiring(openHostNetwork()),
});
await serveLauncher({
  socketPath,
  answer: (request, signal) =>
    handleRequest(request, handlers, { supportedVersions: KNOWN_VERSIONS, signal }),
});
console.log('serving');
