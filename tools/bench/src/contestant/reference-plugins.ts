import type { Contestant } from './contestant.ts';

/** Debian's reference plugins for the same job: a veth pair per pod and an address from a file. */
export const ptpContestant: Contestant = {
  name: 'ptp + host-local',
  path: '/usr/lib/cni/ptp',
  conf: {
    cniVersion: '0.4.0',
    name: 'ptp-bench',
    type: 'ptp',
    ipam: { type: 'host-local', subnet: '10.99.0.0/16', dataDir: '/run/ptp-bench' },
  },
  environment: { CNI_PATH: '/usr/lib/cni' },
};
