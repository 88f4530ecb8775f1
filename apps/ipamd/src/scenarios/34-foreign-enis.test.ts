import { describe, expect, test } from '@jest/globals';
import type { EniId } from '@vpc-cni/aws-emulator';
import fc from 'fast-check';
import { enisOf } from './ec2-view.fixture.ts';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pain 34: ENIs of appliances and operators are adopted, altered, or counted as room for pods.

const LIMIT = 3; // of an m5.large

/** What somebody else does with ENIs of their own, and what pods do meanwhile. */
type Deed =
  | { readonly kind: 'attach' | 'detach' }
  | { readonly kind: 'pods'; readonly count: number }
  | { readonly kind: 'pass'; readonly seconds: number };

const deeds: fc.Arbitrary<readonly Deed[]> = fc.array(
  fc.oneof(
    fc.constantFrom<Deed>({ kind: 'attach' }, { kind: 'detach' }),
    fc.record({ kind: fc.constant('pods' as const), count: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 200 }) }),
  ),
  { maxLength: 12 },
);

interface Stranger {
  readonly world: World;
  readonly node: Node;
  readonly tags: Readonly<Record<string, string>>;
  readonly eniIds: EniId[];
}

const foreignOn = ({ world, node, eniIds }: Stranger) =>
  enisOf(world.cloud, node.instance.instanceId).filter(({ eniId }) => eniIds.includes(eniId));

async function attach(stranger: Stranger): Promise<void> {
  const { world, node, tags, eniIds } = stranger;
  const used = enisOf(world.cloud, node.instance.instanceId).map(({ deviceIndex }) => deviceIndex);
  const deviceIndex = [1, 2].find((index) => !used.includes(index));
  if (deviceIndex === undefined) return;
  const { outside } = world.cloud;
  const { subnetId } = world.subnet;
  const { eniId } = await outside.createEni({ subnetId, addressCount: 3 });
  eniIds.push(eniId);
  await outside.tag(eniId, tags);
  await outside.attachEni(eniId, { instanceId: node.instance.instanceId, deviceIndex });
}

async function detach(stranger: Stranger): Promise<void> {
  const [first] = foreignOn(stranger);
  if (first !== undefined) await stranger.world.cloud.outside.detachEni(first.eniId);
}

/** As many pods as are wanted, as far as they get an address. */
async function setPods({ world, node }: Stranger, count: number): Promise<void> {
  const names = Array.from({ length: 20 }, (_, n) => `pod-${n}`);
  const there = (name: string) => node.site.host.pods.has(name);
  await world.settle(
    Promise.all([
      ...names
        .slice(0, count)
        .filter((name) => !there(name))
        .map((name) => node.add(name)),
      ...names
        .slice(count)
        .filter(there)
        .map((name) => node.del(name)),
    ]),
  );
}

describe.each([
  {
    whose: 'tagged no_manage',
    environment: {},
    tags: { 'node.k8s.amazonaws.com/no_manage': 'true' },
  },
  { whose: 'not tagged at all', environment: { MANAGE_UNTAGGED_ENI: 'false' }, tags: {} },
  {
    whose: 'tagged as another instance’s',
    environment: { MANAGE_UNTAGGED_ENI: 'false' },
    tags: { 'node.k8s.amazonaws.com/instance_id': 'i-0aaaaaaaaaaaaaaaa' },
  },
])('ENIs $whose', ({ environment, tags }) => {
  test('are never touched, and what is left of the instance serves pods', async () => {
    await fc.assert(
      fc.asyncProperty(deeds, async (life) => {
        const world = await createWorld({ environment: { WARM_IP_TARGET: '1', ...environment } });
        const node = await world.newNode();
        const stranger: Stranger = { world, node, tags, eniIds: [] };
        node.start();
        await world.clock.advance(20_000);
        for (const deed of life) {
          if (deed.kind === 'attach') await attach(stranger);
          if (deed.kind === 'detach') await detach(stranger);
          if (deed.kind === 'pods') await setPods(stranger, deed.count);
          if (deed.kind === 'pass') await world.clock.advance(1_000 * deed.seconds);
        }
        await world.clock.advance(150_000);

        const touching = world
          .takeEntries()
          .filter(({ operation }) => !operation.startsWith('Describe'))
          .filter((entry) => stranger.eniIds.some((id) => JSON.stringify(entry).includes(id)));
        expect(touching).toEqual([]);
        expect(node.daemon.pool?.controller.maxEnis).toBe(LIMIT - foreignOn(stranger).length);
        expect(world.violations).toEqual([]);
        expect(problemsOf(node)).toEqual([]);
        await node.stop();
        await world.close();
      }),
      { numRuns: 12 },
    );
  });
});

test('an ENI is the pool’s as soon as its owner takes the tag off, at the next question to EC2', async () => {
  const world = await createWorld();
  const node = await world.newNode();
  const tags = { 'node.k8s.amazonaws.com/no_manage': 'true' };
  const stranger: Stranger = { world, node, tags, eniIds: [] };
  await attach(stranger);
  await world.clock.advance(20_000);
  node.start();
  await world.clock.advance(60_000);
  expect(node.daemon.pool?.controller.maxEnis).toBe(LIMIT - 1);
  await world.cloud.outside.untag(stranger.eniIds[0] ?? '', Object.keys(tags));
  await world.clock.advance(4 * 3_600_000 + 60_000);
  expect(node.daemon.pool?.controller.maxEnis).toBe(LIMIT);
  const adopted = node.daemon.log.filter(({ text }) => text === 'pool: eni-adopted');
  expect(adopted.map(({ facts }) => 'eniId' in facts && facts.eniId)).toEqual([
    node.instance.primaryEniId,
    ...stranger.eniIds,
  ]);
  await node.stop();
  await world.close();
});
