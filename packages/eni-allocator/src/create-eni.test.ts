import { describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import type { SubnetCandidate } from './choose-subnet.ts';
import { createEniAllocator } from './eni-allocator.ts';
import { createFakeEc2 } from './fake-ec2.ts';
import type { CreateEniRequest } from './ports.ts';
import { fixedSubnets } from './subnet-source.ts';

const large: SubnetCandidate = {
  subnetId: 'subnet-large',
  cidr: '10.1.0.0/16',
  freeAddressCount: 900,
};
const small: SubnetCandidate = {
  subnetId: 'subnet-small',
  cidr: '10.2.0.0/24',
  freeAddressCount: 90,
};
const addresses = { securityGroupIds: ['sg-node'], addressCount: 2 } as const;
const prefixes = { securityGroupIds: ['sg-node'], prefixCount: 1 } as const;

function setUp(candidates: readonly SubnetCandidate[] = [small, large]) {
  const clock = createFakeClock();
  const ec2 = createFakeEc2({ maxEnis: 9 });
  const subnets = fixedSubnets(candidates);
  const allocator = createEniAllocator({ ec2, clock, instanceId: 'i-1', subnets });
  const created = () =>
    ec2.calls
      .filter(({ operation }) => operation === 'createEni')
      .map(({ request }) => request as CreateEniRequest); // as the operation says
  return { clock, ec2, allocator, created };
}

describe('allocateEni without a subnet', () => {
  test('takes the best one, and says which', async () => {
    const { allocator } = setUp();
    expect(await allocator.allocateEni(addresses)).toMatchObject({
      subnetId: 'subnet-large',
      subnetCidr: '10.1.0.0/16',
    });
  });

  test.each(['subnet-exhausted', 'subnet-not-found'] as const)(
    'takes the next one after %s, and leaves that one alone for a while',
    async (code) => {
      const { allocator, ec2, clock } = setUp();
      ec2.failNext('createEni', code);
      expect(await allocator.allocateEni(addresses)).toMatchObject({ subnetId: 'subnet-small' });
      await clock.advance(119_999);
      expect(await allocator.allocateEni(addresses)).toMatchObject({ subnetId: 'subnet-small' });
      await clock.advance(1);
      expect(await allocator.allocateEni(addresses)).toMatchObject({ subnetId: 'subnet-large' });
    },
  );

  test('keeps a subnet without a free prefix for single addresses', async () => {
    const { allocator, ec2 } = setUp();
    ec2.failNext('createEni', 'no-free-prefix');
    expect(await allocator.allocateEni(prefixes)).toMatchObject({ subnetId: 'subnet-small' });
    expect(await allocator.allocateEni(addresses)).toMatchObject({ subnetId: 'subnet-large' });
    // Single addresses there are no proof of prefixes.
    expect(await allocator.allocateEni(prefixes)).toMatchObject({ subnetId: 'subnet-small' });
  });

  test('throws the last refusal when all refuse, and asks none of them again', async () => {
    const { allocator, ec2, clock } = setUp();
    ec2.failNext('createEni', 'subnet-exhausted', 2);
    await expect(allocator.allocateEni(addresses)).rejects.toMatchObject({
      code: 'subnet-exhausted',
      message: '[subnet-exhausted] createEni: scripted; subnet-small is asked again in 120 s',
      facts: { awsCode: 'Fake.subnet-exhausted', retryAfterMs: 120_000 },
    });
    await clock.advance(20_000);
    const callCount = ec2.calls.length;
    await expect(allocator.allocateEni(addresses)).rejects.toMatchObject({
      code: 'subnet-exhausted',
      message:
        '[subnet-exhausted] creating an ENI for i-1: every subnet refused lately: ' +
        'subnet-small (full), subnet-large (full); subnet-small is asked again in 100 s',
      facts: { retryAfterMs: 100_000 },
    });
    const later = ec2.calls.slice(callCount).map(({ operation }) => operation);
    expect(later).not.toContain('createEni');
  });

  test('rather says that there is no prefix than that there is no address', async () => {
    const { allocator, ec2 } = setUp();
    ec2.failNext('createEni', 'no-free-prefix');
    ec2.failNext('createEni', 'subnet-exhausted');
    await expect(allocator.allocateEni(prefixes)).rejects.toMatchObject({ code: 'no-free-prefix' });
    await expect(allocator.allocateEni(prefixes)).rejects.toMatchObject({ code: 'no-free-prefix' });
  });

  test('tries no other for what is not the fault of the subnet', async () => {
    const { allocator, ec2, created } = setUp();
    ec2.failNext('createEni', 'not-permitted');
    await expect(allocator.allocateEni(addresses)).rejects.toMatchObject({ code: 'not-permitted' });
    expect(created()).toEqual([]); // the failed one never got there
  });

  test('uses the security groups that come with the subnet', async () => {
    const { allocator, created } = setUp([{ ...large, securityGroupIds: ['sg-pods'] }]);
    await allocator.allocateEni(addresses);
    expect(created()).toEqual([expect.objectContaining({ securityGroupIds: ['sg-pods'] })]);
  });

  test('says what to tag when no subnet may be used', async () => {
    const { allocator } = setUp([]);
    await expect(allocator.allocateEni(addresses)).rejects.toMatchObject({
      code: 'no-usable-subnet',
      message: expect.stringContaining('kubernetes.io/role/cni=1'),
    });
  });

  test('is a mistake when there is no source of subnets', async () => {
    const ec2 = createFakeEc2();
    const allocator = createEniAllocator({ ec2, clock: createFakeClock(), instanceId: 'i-1' });
    await expect(allocator.allocateEni(addresses)).rejects.toThrow(TypeError);
  });
});

describe("the caller's client token", () => {
  const tokens = (created: readonly CreateEniRequest[]) =>
    created.map(({ clientToken }) => clientToken);

  test('goes with the first subnet, and a number after it with each further one', async () => {
    const { allocator, ec2, created } = setUp();
    ec2.failNext('createEni', 'subnet-exhausted');
    await allocator.allocateEni({ ...addresses, clientToken: 'intent-7' });
    await allocator.allocateEni({ ...addresses, clientToken: 'intent-8' });
    // The refused request is not among those that EC2 carried out.
    expect(tokens(created())).toEqual(['intent-7-2', 'intent-8']);
  });

  test('goes with the subnet that the caller named', async () => {
    const { allocator, created } = setUp();
    const subnetId = 'subnet-named';
    await allocator.allocateEni({ ...addresses, subnetId, clientToken: 'x'.repeat(60) });
    expect(tokens(created())).toEqual(['x'.repeat(60)]);
  });

  test.each(['', 'x'.repeat(61), 'größer', 'a b', 'a\n'])(
    'is refused as %j',
    async (clientToken) => {
      const { allocator, ec2 } = setUp();
      await expect(allocator.allocateEni({ ...addresses, clientToken })).rejects.toThrow(
        /clientToken: expected 1 to 60 visible ASCII characters/,
      );
      expect(ec2.calls).toEqual([]);
    },
  );
});
