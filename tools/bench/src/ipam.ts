// Reserving and releasing one address in a book of 15 ENIs with 1,000 pods, prefixes and single addresses.
import { AddressBook, type EniId, type Ipv4Address, type Ipv4Prefix } from '@vpc-cni/ipam';
import { median, percentile, rounded } from './statistics.ts';

const ENI_COUNT = 15;
const SINGLES_PER_ENI = 20;
const PREFIXES_PER_ENI = 4;
const POD_COUNT = 1_000;
/** Pods that come and go while the others stay. */
const WARM_UP_COUNT = 20_000;
const MEASURED_COUNT = 50_000;
/** Between two pods: the cool-down of the oldest ends about when the next one needs it. */
const STEP_MS = 200;

const key = (pod: number) => ({
  networkName: 'aws-cni',
  containerId: `container-${pod}`,
  interfaceName: 'eth0',
});

function fullBook(nowMs: number): AddressBook {
  const book = new AddressBook({ addressCooldownMs: 30_000 });
  for (let number = 0; number < ENI_COUNT; number++) {
    const eniId: EniId = `eni-${number}`;
    book.addEni({
      eniId,
      deviceNumber: number,
      networkCardIndex: 0,
      isPrimary: number === 0,
      routeTableId: number === 0 ? 254 : number + 1,
      subnetId: 'subnet-1',
      primaryAddress: `10.0.${number}.4`,
      attachedAtMs: nowMs,
    });
    for (let host = 0; host < SINGLES_PER_ENI; host++) {
      const address: Ipv4Address = `10.0.${number}.${10 + host}`;
      book.addAddress(eniId, address);
    }
    for (let index = 0; index < PREFIXES_PER_ENI; index++) {
      const prefix: Ipv4Prefix = `10.0.${number}.${64 + 16 * index}/28`;
      book.addPrefix(eniId, prefix);
    }
  }
  for (let pod = 0; pod < POD_COUNT; pod++) {
    book.reserve(key(pod), { podNamespace: 'default', podName: `pod-${pod}` }, nowMs);
  }
  return book;
}

interface Sample {
  readonly reserveUs: number[];
  readonly releaseUs: number[];
}

/** Replaces one pod after the other, the oldest first. */
function churn(): Sample {
  const sample: Sample = { reserveUs: [], releaseUs: [] };
  let nowMs = 1_700_000_000_000;
  const book = fullBook(nowMs);
  let eventCount = 0;
  book.subscribe(() => {
    eventCount += 1;
  });
  for (let turn = 0; turn < WARM_UP_COUNT + MEASURED_COUNT; turn++) {
    nowMs += STEP_MS;
    const leaving = key(turn);
    const coming = key(turn + POD_COUNT);
    const metadata = { podNamespace: 'default', podName: `pod-${turn + POD_COUNT}` };
    const releaseUs = timed(() => book.release(leaving, nowMs));
    const reserveUs = timed(() => book.reserve(coming, metadata, nowMs));
    if (turn >= WARM_UP_COUNT) {
      sample.releaseUs.push(releaseUs);
      sample.reserveUs.push(reserveUs);
    }
  }
  const { reservedCount } = book.statistics(nowMs);
  if (reservedCount !== POD_COUNT || eventCount < 2 * MEASURED_COUNT) {
    throw new Error(`${reservedCount} pods and ${eventCount} events: not what was to be measured`);
  }
  return sample;
}

function timed(work: () => unknown): number {
  const startNs = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - startNs) / 1_000;
}

const { reserveUs, releaseUs } = churn();
const row = (name: string, sample: readonly number[]) =>
  [name.padEnd(12), median(sample).toFixed(2), percentile(sample, 0.99).toFixed(2)]
    .map((cell) => cell.padStart(8))
    .join('');
console.log(
  process.argv.includes('--json')
    ? JSON.stringify({
        bench: 'ipam',
        figures: {
          reserve_p50_us: rounded(median(reserveUs)),
          release_p50_us: rounded(median(releaseUs)),
        },
      })
    : [
        `${'µs'.padEnd(12)}${'p50'.padStart(8)}${'p99'.padStart(8)}`,
        row('reserve', reserveUs),
        row('release', releaseUs),
        `(${MEASURED_COUNT} pods replaced, ${POD_COUNT} pods on ${ENI_COUNT} ENIs)`,
      ].join('\n'),
);
