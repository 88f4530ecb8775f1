// Wiring pods, in process: set-up and tear-down beside Debian's ptp, beside other people's rules, and a
// hundred at once.
import { openHostNetwork } from '@vpc-cni/host-network';
import { count } from './wiring/count.ts';
import { measure } from './wiring/measure.ts';
import { makePods, removePods } from './wiring/pods.ts';
import { figuresOf, table } from './wiring/report.ts';

const POD_COUNT = 100;

let requests = 0;
const network = openHostNetwork({
  observe: () => {
    requests += 1;
  },
});
const pods = makePods(POD_COUNT);
try {
  const sample = await measure(network, pods);
  const counts = await count(network, pods, () => requests);
  console.log(
    process.argv.includes('--json')
      ? JSON.stringify({ bench: 'wiring', figures: figuresOf(sample, counts) })
      : table(sample, counts),
  );
} finally {
  await network.close();
  removePods(pods);
}
