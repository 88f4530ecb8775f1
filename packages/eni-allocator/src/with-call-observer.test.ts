import { expect, test } from '@jest/globals';
import type { EniId } from './ec2-ids.ts';
import { createFakeEc2 } from './fake-ec2.ts';
import { type CallOutcome, withCallObserver } from './with-call-observer.ts';

const eniId: EniId = 'eni-1';

test('withCallObserver reports how every call began and ended', async () => {
  const ec2 = createFakeEc2();
  const seen: [string, CallOutcome | 'began'][] = [];
  const port = withCallObserver(ec2, (operation) => {
    seen.push([operation, 'began']);
    return (outcome) => seen.push([operation, outcome]);
  });
  ec2.addEni({ eniId });
  ec2.failNext('createTags', 'throttled');

  await port.deleteEni(eniId);
  await expect(port.createTags({ eniId, tags: {} })).rejects.toThrow('scripted');
  const signal = AbortSignal.abort(new Error('shutting down'));
  await expect(port.describeEnis({ eniIds: [eniId] }, { signal })).rejects.toThrow('shutting down');

  expect(seen).toEqual([
    ['deleteEni', 'began'],
    ['deleteEni', { kind: 'ok' }],
    ['createTags', 'began'],
    ['createTags', { kind: 'failed', code: 'throttled', awsCode: 'Fake.throttled' }],
    ['describeEnis', 'began'],
    ['describeEnis', { kind: 'aborted' }],
  ]);
});
