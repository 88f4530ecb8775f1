import { EC2_CALLS } from '../../simulator/ec2.ts';
import type { SimulationResult } from '../../simulator/result.ts';
import { duration, figure, table } from './table.ts';

/** A result and how its setting is called. */
export interface NamedResult {
  readonly name: string;
  readonly result: SimulationResult;
}

/** The figures that settings are judged by, one row each; also those of the HTML page. */
export const FIGURES: readonly {
  readonly label: string;
  readonly of: (result: SimulationResult) => string;
}[] = [
  { label: 'pods served', of: ({ waits }) => figure(waits.servedCount) },
  { label: 'pods left without an address', of: ({ waits }) => figure(waits.failedCount) },
  { label: 'pods no node had room for', of: ({ waits }) => figure(waits.unplacedCount) },
  { label: 'failed ADDs', of: ({ addFailureCount }) => figure(addFailureCount) },
  { label: 'pods that waited', of: ({ waits }) => figure(waits.waitedCount) },
  { label: 'wait, median', of: ({ waits }) => duration(waits.p50Ms) },
  { label: 'wait, p90', of: ({ waits }) => duration(waits.p90Ms) },
  { label: 'wait, p99', of: ({ waits }) => duration(waits.p99Ms) },
  { label: 'wait, longest', of: ({ waits }) => duration(waits.maxMs) },
  { label: 'addresses held, average', of: ({ averages }) => figure(averages.heldCount) },
  { label: 'addresses used, average', of: ({ averages }) => figure(averages.usedCount) },
  { label: 'addresses idle, average', of: ({ averages }) => figure(averages.idleCount) },
  { label: 'addresses held, most', of: ({ peakHeldCount }) => figure(peakHeldCount) },
  { label: 'ENIs, average', of: ({ averages }) => figure(averages.eniCount) },
  { label: 'EC2 calls', of: ({ ec2 }) => figure(ec2.callCount) },
  { label: 'EC2 calls throttled', of: ({ ec2 }) => figure(ec2.throttledCount) },
];

/** Settings side by side. */
export const resultTable = (results: readonly NamedResult[]): string =>
  table(
    ['', ...results.map(({ name }) => name)],
    FIGURES.map(({ label, of }) => [label, ...results.map(({ result }) => of(result))]),
  );

/** EC2 calls by action; those that nobody made are left out. */
export const callTable = (results: readonly NamedResult[]): string =>
  table(
    ['EC2 action', ...results.map(({ name }) => name)],
    EC2_CALLS.filter((action) =>
      results.some(({ result }) => result.ec2.byAction[action].callCount > 0),
    ).map((action) => [
      action,
      ...results.map(({ result }) => {
        const { callCount, throttledCount } = result.ec2.byAction[action];
        return throttledCount === 0
          ? figure(callCount)
          : `${figure(callCount)} (${figure(throttledCount)} throttled)`;
      }),
    ]),
  );
