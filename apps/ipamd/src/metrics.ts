import { createServer, type Server } from 'node:http';
import type { BucketFigures, CallBudget } from '@vpc-cni/eni-allocator';
import type { AddressBook } from '@vpc-cni/ipam';
import { Counter, Gauge, Registry } from 'prom-client';

/** The daemon's metrics, with the AWS VPC CNI's names. */
export interface Metrics {
  readonly registry: Registry;
  readonly addRequests: Counter;
  readonly delRequests: Counter<'reason'>;
  readonly noAvailableAddresses: Counter;
  readonly ec2Requests: Counter<'fn'>;
  readonly ec2Errors: Counter<'fn'>;
  readonly errors: Counter<'fn'>;
  /** What somebody else changed of the host's, the ENIs' and the pods' networking, and was changed back. */
  readonly driftRepairs: Counter<'object'>;
  /** Makes the gauges show what may still be asked of EC2. */
  watchBudget(budget: Pick<CallBudget, 'figures'>): void;
  /** Makes the gauges show this pool. */
  watch(pool: {
    readonly book: AddressBook;
    readonly nowMs: () => number;
    /** ENIs the pool may have now. */
    readonly maxEnis: () => number;
    /** Those for pods; in prefix mode 16 for each slot. 0 with IPv6, as upstream has it. */
    readonly addressesPerEni: number;
  }): void;
}

export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter<L>({ name, help, labelNames, registers });

  new Gauge({
    name: 'awscni_build_info',
    help: 'Version of the daemon and of the runtime it was built for.',
    labelNames: ['version', 'goversion'],
    registers,
  }).set({ version, goversion: process.version }, 1);

  return {
    registry,
    addRequests: counter('awscni_add_ip_req_count', 'ADD requests.'),
    delRequests: counter('awscni_del_ip_req_count', 'DEL requests.', ['reason']),
    noAvailableAddresses: counter(
      'awscni_no_available_ip_addresses',
      'ADD requests that were refused for want of an address.',
    ),
    ec2Requests: counter('awscni_ec2api_req_count', 'Requests to the EC2 API.', ['fn']),
    ec2Errors: counter('awscni_ec2api_error_count', 'Failed requests to the EC2 API.', ['fn']),
    errors: counter('awscni_ipamd_error_count', 'Failures of the pool controller.', ['fn']),
    driftRepairs: counter(
      'awscni_drift_repair_count',
      'Changes by others to networking of ours that were undone.',
      ['object'],
    ),
    watchBudget: (budget) => {
      const gauge = (name: string, help: string, figure: (of: BucketFigures) => number) =>
        new Gauge({
          name,
          help,
          labelNames: ['fn'],
          registers,
          collect() {
            for (const [fn, figures] of budget.figures()) this.set({ fn }, figure(figures));
          },
        });
      gauge(
        'awscni_ec2api_budget_tokens',
        'Requests to the EC2 API that could start at once.',
        ({ tokens }) => tokens,
      );
      gauge(
        'awscni_ec2api_budget_per_second',
        'Requests per second that EC2 bears; less after throttling.',
        ({ perSecond }) => perSecond,
      );
      gauge(
        'awscni_ec2api_budget_waiting',
        'Requests that wait for their turn.',
        ({ waiting }) => waiting,
      );
      gauge(
        'awscni_ec2api_throttled_count',
        'Requests that EC2 has throttled.',
        ({ throttledCount }) => throttledCount,
      );
    },
    watch: ({ book, nowMs, maxEnis, addressesPerEni }) => {
      const gauge = (name: string, help: string, read: () => number) =>
        new Gauge({
          name,
          help,
          registers,
          collect() {
            this.set(read());
          },
        });
      const statistics = () => book.statistics(nowMs());
      gauge('awscni_total_ip_addresses', 'Addresses in the pool.', () => statistics().totalCount);
      gauge(
        'awscni_assigned_ip_addresses',
        'Addresses held by pods.',
        () => statistics().reservedCount,
      );
      gauge(
        'awscni_cooling_ip_addresses',
        'Addresses in their cool-down.',
        () => statistics().coolingCount,
      );
      gauge(
        'awscni_total_ipv4_prefixes',
        'IPv4 prefixes in the pool.',
        () => statistics().prefixCount,
      );
      gauge('awscni_eni_allocated', 'Managed ENIs.', () => book.enis(nowMs()).length);
      gauge('awscni_eni_max', 'ENIs the pool may have.', maxEnis);
      gauge(
        'awscni_ip_max',
        'Addresses for pods that the pool may have.',
        () => maxEnis() * addressesPerEni,
      );
    },
  };
}

/** `/metrics` in the text format; every other path is 404. */
export function createMetricsServer(registry: Registry): Server {
  return createServer(async (request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('Content-Type', registry.contentType);
    response.end(await registry.metrics());
  });
}
