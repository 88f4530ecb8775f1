import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { createFabric } from './create-fabric.ts';
import { createExampleVpc, NODE_ONE } from './example-vpc.ts';
import { runIpBatch } from './ip-batch.ts';
import { FABRIC_SYSCTLS, writeSysctl } from './sysctl.ts';

/** Everything a fabric could leave behind, as ip(8) and nft(8) print it. */
const footprint = () => [
  ...['-o link', 'netns', 'address', 'route show table all', 'rule', 'neighbour'].map((words) =>
    execFileSync('ip', words.split(' '), { encoding: 'utf8' }),
  ),
  execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' }),
  ...FABRIC_SYSCTLS.map(([path]) => `${path} ${readFileSync(`/proc/sys/${path}`, 'utf8')}`),
];

const options = { prefix: 'example', vpcCidrs: ['10.0.0.0/16'] };

describe('closing', () => {
  test('removes everything, and may be repeated', async () => {
    for (const [path, value] of FABRIC_SYSCTLS) writeSysctl([path, value === '0' ? '1' : '0']);
    const before = footprint();
    const { fabric } = await createExampleVpc();
    await fabric.assign('eni-1', ['10.0.1.50', '10.0.1.64/28']);
    await fabric.mapPublic({ privateAddress: NODE_ONE, publicAddress: '203.0.113.7' });
    await fabric.close();
    await fabric.close();
    expect(footprint()).toEqual(before);
  });

  test('waits for what was asked for before, and refuses what comes after', async () => {
    const before = footprint();
    const fabric = await createFabric(options);
    const node = fabric.addNode('one');
    const closing = fabric.close();
    await expect(fabric.addNode('two')).rejects.toMatchObject({ code: 'closed' });
    expect(await node).toMatchObject({ name: 'one', netns: 'example-one' });
    await closing;
    expect(footprint()).toEqual(before);
  });

  test('goes on when parts are gone already', async () => {
    const before = footprint();
    const { fabric } = await createExampleVpc();
    const byHand = ['link delete fe1', 'netns delete example-two', 'route delete default'];
    await runIpBatch(byHand);
    await fabric.close();
    expect(footprint()).toEqual(before);
  });
});

test('removing a node takes its ENIs and frees their addresses for another', async () => {
  const before = footprint();
  const { fabric } = await createExampleVpc();
  await fabric.removeNode('one');
  await fabric.removeNode('one');
  expect(execFileSync('ip', ['netns'], { encoding: 'utf8' })).not.toContain('example-one');
  expect(execFileSync('ip', ['route'], { encoding: 'utf8' })).not.toContain(NODE_ONE);
  await fabric.addNode('one');
  await fabric.assign('eni-2', [NODE_ONE]);
  await fabric.close();
  expect(footprint()).toEqual(before);
});

describe('a fabric that cannot be made whole', () => {
  // Each is in the way of a later step than the one before.
  const obstacles = [
    {
      name: 'a namespace',
      add: 'netns add example-internet',
      remove: 'netns delete example-internet',
    },
    {
      name: 'an address',
      add: 'address add 198.18.0.2/32 dev lo',
      remove: 'address delete 198.18.0.2/32 dev lo',
    },
    { name: 'a route', add: 'route add default dev lo', remove: 'route delete default dev lo' },
  ];

  test.each(obstacles)(
    'takes back all it did when $name is in the way',
    async ({ add, remove }) => {
      await runIpBatch([add]);
      const before = footprint();
      await expect(createFabric(options)).rejects.toMatchObject({ code: 'kernel-refused' });
      expect(footprint()).toEqual(before);
      await runIpBatch([remove]);
    },
  );

  test('is refused beside another, which stays whole', async () => {
    const first = await createFabric(options);
    const before = footprint();
    const second = createFabric({ ...options, prefix: 'other' });
    await expect(second).rejects.toMatchObject({ code: 'fabric-exists' });
    expect(footprint()).toEqual(before);
    await first.close();
  });

  test('is refused for a node name that is taken, and the node stays', async () => {
    const fabric = await createFabric(options);
    await expect(fabric.addNode('internet')).rejects.toMatchObject({ code: 'kernel-refused' });
    await fabric.addNode('one');
    await expect(fabric.addNode('one')).rejects.toMatchObject({ code: 'already-exists' });
    expect(execFileSync('ip', ['netns'], { encoding: 'utf8' })).toContain('example-one');
    await fabric.close();
  });
});
