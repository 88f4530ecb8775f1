import { expect, test } from '@jest/globals';
import type { Action } from './action.ts';
import { explainAction, explainRefusal } from './explain.ts';
import type { Refusal } from './refusal.ts';

const NOW_MS = 1_700_000_000_000;
const untilMs = NOW_MS + 29_500;
const eniId = 'eni-1';

const actions: readonly (readonly [Action, string])[] = [
  [
    { kind: 'create-eni', addressCount: 3, reason: 'pods-waiting' },
    'Create an ENI with 3 addresses: pods wait for an address.',
  ],
  [
    {
      kind: 'create-eni-with-prefixes',
      prefixCount: 1,
      networkCardIndex: 2,
      subnetId: 'subnet-1',
      reason: 'below-warm-prefixes',
    },
    'Create an ENI with 1 prefix on network card 2 in subnet-1: fewer addresses are free than WARM_PREFIX_TARGET asks for.',
  ],
  [
    { kind: 'assign-addresses', eniId, count: 1, reason: 'below-minimum' },
    'Assign 1 address to eni-1: the node holds fewer addresses than MINIMUM_IP_TARGET asks for.',
  ],
  [
    { kind: 'assign-prefixes', eniId, prefixCount: 2, reason: 'replaces-leftovers' },
    'Assign 2 prefixes to eni-1: what the other assignment mode has left can go then.',
  ],
  [
    { kind: 'unassign-addresses', eniId, addresses: ['10.0.0.1'], reason: 'above-targets' },
    'Give 1 address of eni-1 back: more is free than the targets ask for.',
  ],
  [
    { kind: 'unassign-prefixes', eniId, prefixes: ['10.0.0.0/28'], reason: 'leftover' },
    'Give 1 prefix of eni-1 back: the other assignment mode has left it.',
  ],
  [
    { kind: 'delete-eni', eniId, reason: 'idle-eni' },
    'Delete eni-1: it serves no pod, and the others meet the targets.',
  ],
  [{ kind: 'wait', untilMs, reason: 'cooling' }, 'Look again in 30 s (cooling).'],
];

test.each(actions)('explains %j', (action, sentence) => {
  expect(explainAction(action, NOW_MS)).toBe(sentence);
});

const refusals: readonly (readonly [Refusal, string])[] = [
  [
    { reason: 'recent-arrivals', missingCount: 2, untilMs },
    '2 addresses cannot be had yet: pods arrive, and the next call, within 30 s, asks for all of them.',
  ],
  [
    { reason: 'eni-limit', missingCount: 4, eniCount: 3, eniLimit: 3 },
    '4 addresses cannot be had: the ENIs are full, and 3 of at most 3 are in use.',
  ],
  [
    { reason: 'at-max-pods', missingCount: 1, maxPods: 11, ceilingCount: 13 },
    '1 address cannot be had: the node runs at most 11 pods, and holds no more than 13 addresses.',
  ],
  [
    { reason: 'subnet-full', missingCount: 2, untilMs },
    '2 addresses cannot be had: the subnets have no free address, asked again in 30 s.',
  ],
  [
    { reason: 'subnet-full', missingCount: 2 },
    '2 addresses cannot be had: the subnets have no free address.',
  ],
  [
    { reason: 'no-free-prefix', missingCount: 16 },
    '16 addresses cannot be had as prefixes: the subnets have no free /28. Single addresses make up for them.',
  ],
  [
    { reason: 'throttled', missingCount: 0, surplusCount: 1, untilMs },
    '0 addresses not asked for, 1 not given back: EC2 limits the calls of this node, for another 30 s.',
  ],
  [
    { reason: 'not-schedulable', missingCount: 1, surplusCount: 0 },
    '1 address not asked for, 0 not given back: the node is cordoned.',
  ],
  [
    { reason: 'terminating', missingCount: 1, surplusCount: 0 },
    '1 address not asked for, 0 not given back: the daemon is shutting down.',
  ],
  [
    { reason: 'in-flight', missingCount: 2, eniId },
    '2 addresses cannot be had yet: eni-1 will have room when the action under way is done.',
  ],
  [
    { reason: 'in-flight', missingCount: 2 },
    '2 addresses cannot be had yet: an ENI being created will have room when the action under way is done.',
  ],
  [
    { reason: 'cooling', coolingCount: 1, untilMs },
    'Pods wait for 1 address to cool down, the first for another 30 s.',
  ],
  [{ reason: 'cooling', coolingCount: 2, eniId }, 'eni-1 stays: 2 addresses of it must cool down.'],
  [
    { reason: 'eni-too-young', eniId, untilMs },
    'eni-1 stays for another 30 s: it is less than a minute old.',
  ],
  [
    { reason: 'recent-churn', keptCount: 2, untilMs },
    'Surplus of 2 addresses stays for another 30 s: the next pods are likely to need it.',
  ],
  [
    { reason: 'recent-churn', keptCount: 9, eniId },
    'eni-1 with its surplus of 9 addresses stays: the next pods are likely to need it.',
  ],
];

test.each(refusals)('explains %j', (refusal, sentence) => {
  expect(explainRefusal(refusal, NOW_MS)).toBe(sentence);
});
