import type { PoolEvent } from '@vpc-cni/pool-controller';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

const errorCounterOf: Readonly<Record<string, string>> = {
  'create-eni': 'increaseIPPoolAllocENI',
  'create-eni-with-prefixes': 'increaseIPPoolAllocENI',
  'assign-addresses': 'increaseIPPoolAllocIPAddressesFailed',
  'assign-prefixes': 'increaseIPPoolAllocIPAddressesFailed',
  'unassign-addresses': 'decreaseIPPool',
  'unassign-prefixes': 'decreaseIPPool',
  'delete-eni': 'decreaseIPPoolFreeENIFailed',
};

/** Turns what the pool controller does into log lines and counters. */
export const logPoolEvent =
  (log: Logger, metrics: Metrics) =>
  (event: PoolEvent): void => {
    switch (event.kind) {
      case 'action-started':
        log.debug(event.action, 'pool: begin');
        return;
      case 'action-done':
        log.info({ ...event.action, elapsedMs: event.elapsedMs }, 'pool: done');
        return;
      case 'action-failed':
        metrics.errors.inc({ fn: errorCounterOf[event.action.kind] ?? event.action.kind });
        log.warn({ ...event.action, err: event.error }, 'pool: failed');
        return;
      case 'observe-failed':
        metrics.errors.inc({ fn: 'reconcileFailedGetENIs' });
        log.warn({ err: event.error }, 'pool: cannot compare with EC2');
        return;
      case 'ec2-unheard':
        metrics.errors.inc({ fn: 'reconcileFailedGetENIs' });
        log.warn(
          { err: event.error },
          'pool: EC2 does not answer, using what an earlier process knew',
        );
        return;
      case 'leaks-left':
        log.warn({ err: event.error }, 'pool: cannot delete leaked ENIs, trying again');
        return;
      case 'eni-failed':
        metrics.errors.inc({ fn: 'reconcileENI' });
        log.warn(
          { eniId: event.eniId, err: event.error },
          'pool: ENI cannot be used, trying again',
        );
        return;
      case 'eni-lost':
        log.error(event, 'pool: ENI is no longer attached');
        return;
      default:
        log.info(event, `pool: ${event.kind}`);
    }
  };
