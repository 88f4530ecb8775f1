import type { Contestant } from './exec.ts';

// Debian's reference plugins for the same job: a veth pair per pod and an address from a file.

/** The pod's link is routed, as ours is. */
export const ptp: Contestant = {
  name: 'ptp',
  path: '/usr/lib/cni/ptp',
  conf: {
    cniVersion: '0.4.0',
    name: 'ptp-bench',
    type: 'ptp',
    ipam: { type: 'host-local', subnet: '10.99.0.0/16', dataDir: '/run/ptp-bench' },
  },
  environment: { CNI_PATH: '/usr/lib/cni' },
};

/** The pod's link is a port of a bridge. */
export const bridge: Contestant = {
  name: 'bridge',
  path: '/usr/lib/cni/bridge',
  conf: {
    cniVersion: '0.4.0',
    name: 'bridge-bench',
    type: 'bridge',
    bridge: 'bench0',
    isGateway: true,
    ipam: { type: 'host-local', subnet: '10.98.0.0/16', dataDir: '/run/bridge-bench' },
  },
  environment: { CNI_PATH: '/usr/lib/cni' },
};
