import {
  AssignPrivateIpAddressesCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DetachNetworkInterfaceCommand,
  ModifyNetworkInterfaceAttributeCommand,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import { emulatedVpc, failureOf } from './emulated-vpc.ts';
import type { FabricPort } from './fabric-port.ts';

/** A fabric that writes down what it is told, and can be told to fail or to take its time. */
function recordingFabric() {
  const calls: unknown[][] = [];
  const behaviour = new Map<string, () => Promise<void>>();
  const record = async (name: string, ...parameters: unknown[]) => {
    await behaviour.get(name)?.();
    calls.push([name, ...parameters]);
  };
  const port: FabricPort = {
    addSubnet: ({ cidr, isPublic }) => record('addSubnet', cidr, isPublic),
    addInstance: ({ instanceId }) => record('addInstance', instanceId),
    attachEni: ({ eniId, deviceIndex, addresses }) =>
      record('attachEni', eniId, deviceIndex, addresses),
    detachEni: ({ eniId }) => record('detachEni', eniId),
    assign: (eniId, destinations) => record('assign', eniId, destinations),
    unassign: (eniId, destinations) => record('unassign', eniId, destinations),
    mapPublic: (mapping) => record('mapPublic', mapping.privateAddress, mapping.publicAddress),
    unmapPublic: (mapping) => record('unmapPublic', mapping.privateAddress),
  };
  return { port, calls, behaviour };
}

const node = 'i-0000000000000000f';
const secondEni = 'eni-00000000000000002';

let close: () => Promise<void> = async () => {};
afterEach(() => close());

async function start(options: { readonly attachDelayMs?: number } = {}) {
  const clock = createFakeClock();
  const fabric = recordingFabric();
  const cloud = await emulatedVpc({ clock, fabric: fabric.port, ...options });
  close = cloud.close;
  const { emulator, subnetId, ec2 } = cloud;
  await emulator.runInstance({
    subnetId,
    instanceType: 'm5.large',
    instanceId: node,
    publicAddress: true,
  });
  await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnetId }));
  const attach = async () => {
    const { AttachmentId } = await ec2.send(
      new AttachNetworkInterfaceCommand({
        NetworkInterfaceId: secondEni,
        InstanceId: node,
        DeviceIndex: 1,
      }),
    );
    return String(AttachmentId);
  };
  const assign = (count: number) =>
    ec2.send(
      new AssignPrivateIpAddressesCommand({
        NetworkInterfaceId: secondEni,
        SecondaryPrivateIpAddressCount: count,
      }),
    );
  const unassign = (address: string) =>
    ec2.send(
      new UnassignPrivateIpAddressesCommand({
        NetworkInterfaceId: secondEni,
        PrivateIpAddresses: [address],
      }),
    );
  const status = () => emulator.describe().enis.find(({ eniId }) => eniId === secondEni)?.status;
  return { ...cloud, clock, fabric, attach, assign, unassign, status };
}

describe('an instance', () => {
  test('starts in the fabric with its primary ENI and its public address', async () => {
    const { fabric, emulator } = await start();
    expect(fabric.calls).toEqual([
      ['addSubnet', '10.0.0.0/24', true],
      ['addInstance', node],
      ['attachEni', 'eni-00000000000000001', 0, ['10.0.0.4']],
      ['mapPublic', '10.0.0.4', '203.0.113.10'],
    ]);
    expect(emulator.describe().enis[0]).toMatchObject({ status: 'in-use', isPrimary: true });
  });

  test('takes ENIs with delete-on-termination along and leaves the others', async () => {
    const { emulator, ec2, attach, status, fabric, subnetId } = await start();
    await attach();
    await emulator.terminateInstance(node);
    expect(emulator.describe().enis.map(({ eniId }) => eniId)).toEqual([secondEni]);
    expect(status()).toBe('available');
    expect(emulator.describe().instances[0]).toMatchObject({ state: 'terminated', eniIds: [] });
    expect(fabric.calls.slice(-3)).toEqual([
      ['unmapPublic', '10.0.0.4'],
      ['detachEni', 'eni-00000000000000001'],
      ['detachEni', secondEni],
    ]);
    const other = await emulator.runInstance({ subnetId, instanceType: 'm5.large' });
    const { AttachmentId } = await ec2.send(
      new AttachNetworkInterfaceCommand({
        NetworkInterfaceId: secondEni,
        InstanceId: other.instanceId,
        DeviceIndex: 1,
      }),
    );
    await ec2.send(
      new ModifyNetworkInterfaceAttributeCommand({
        NetworkInterfaceId: secondEni,
        Attachment: { AttachmentId, DeleteOnTermination: true },
      }),
    );
    await emulator.terminateInstance(other.instanceId);
    expect(emulator.describe().enis).toEqual([]);
    expect(emulator.describe().subnets[0]?.availableAddressCount).toBe(251);
  });

  test.each(['addInstance', 'attachEni', 'mapPublic'])(
    'that the fabric refuses in %s has never been',
    async (step) => {
      const { emulator, fabric, subnetId } = await start();
      const before = emulator.describe();
      fabric.behaviour.set(step, () => Promise.reject(new Error('no')));
      const request = { subnetId, instanceType: 't3.nano', publicAddress: true };
      await expect(emulator.runInstance(request)).rejects.toThrow();
      expect(emulator.describe()).toEqual(before);
    },
  );
});

describe('an ENI', () => {
  test('is attaching until the delay has passed, and plugged at that moment', async () => {
    const { clock, fabric, attach, status } = await start({ attachDelayMs: 1500 });
    expect(status()).toBe('available');
    await attach();
    expect(status()).toBe('attaching');
    await clock.advance(1499);
    expect(status()).toBe('attaching');
    await clock.advance(1);
    expect(status()).toBe('in-use');
    expect(fabric.calls.at(-1)).toEqual(['attachEni', secondEni, 1, ['10.0.0.5']]);
  });

  test('brings along what it was assigned while attaching', async () => {
    const { clock, fabric, attach, assign } = await start({ attachDelayMs: 10 });
    await attach();
    await assign(2);
    expect(fabric.calls.map(([name]) => name)).not.toContain('assign');
    await clock.advance(10);
    expect(fabric.calls.at(-1)).toEqual([
      'attachEni',
      secondEni,
      1,
      ['10.0.0.5', '10.0.0.6', '10.0.0.7'],
    ]);
  });

  test('gets addresses in the fabric before the answer, also while its link is being made', async () => {
    const { fabric, attach, assign, emulator, clock } = await start({ attachDelayMs: 10 });
    let plugged = () => {};
    fabric.behaviour.set(
      'attachEni',
      () =>
        new Promise((resolve) => {
          plugged = resolve;
        }),
    );
    await attach();
    await clock.advance(10);
    const answer = assign(1);
    while (emulator.describe().enis[1]?.secondaryAddresses.length === 0) {
      await new Promise(setImmediate);
    }
    plugged();
    await answer;
    expect(fabric.calls.slice(-2)).toEqual([
      ['attachEni', secondEni, 1, ['10.0.0.5']],
      ['assign', secondEni, ['10.0.0.6']],
    ]);
  });

  test('lets an address go to the subnet only after the fabric has', async () => {
    const { fabric, attach, assign, unassign, emulator } = await start();
    await attach();
    await assign(1);
    const free = () => emulator.describe().subnets[0]?.availableAddressCount;
    let freeMeanwhile: number | undefined;
    fabric.behaviour.set('unassign', async () => {
      freeMeanwhile = free();
    });
    await unassign('10.0.0.6');
    expect(freeMeanwhile).toBe(248);
    expect(free()).toBe(249);
  });

  test('is as before when the fabric refuses, and the caller and the journal hear of it', async () => {
    const { fabric, attach, assign, unassign, emulator } = await start();
    await attach();
    await assign(1);
    const before = emulator.describe();
    for (const [step, change] of [
      ['assign', () => assign(2)],
      ['unassign', () => unassign('10.0.0.6')],
    ] as const) {
      fabric.behaviour.set(step, () => Promise.reject(new Error('no route')));
      expect(await failureOf(change())).toMatchObject({ code: 'InternalError', status: 500 });
      expect(emulator.describe()).toEqual(before);
      expect(emulator.journal).toContainEqual(
        expect.objectContaining({
          service: 'fabric',
          operation: 'sync',
          outcome: 'Error: no route',
        }),
      );
      fabric.behaviour.delete(step);
    }
  });

  test('is available again when the fabric cannot attach it', async () => {
    const { fabric, attach, status } = await start();
    fabric.behaviour.set('attachEni', () => Promise.reject(new Error('no link')));
    expect((await failureOf(attach())).code).toBe('InternalError');
    expect(status()).toBe('available');
    fabric.behaviour.delete('attachEni');
    await attach();
    expect(status()).toBe('in-use');
  });

  test('can be detached while attaching, and is never plugged then', async () => {
    const { clock, fabric, attach, status, ec2 } = await start({ attachDelayMs: 100 });
    const AttachmentId = await attach();
    await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId }));
    expect(status()).toBe('available');
    await clock.advance(1000);
    expect(fabric.calls.filter(([name, id]) => name === 'attachEni' && id === secondEni)).toEqual(
      [],
    );
  });

  test('is detaching for as long as the knob says, unless forced', async () => {
    const { clock, attach, status, ec2, emulator } = await start();
    emulator.knobs.detachDelayMs = 2000;
    const AttachmentId = await attach();
    await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId }));
    expect(status()).toBe('detaching');
    await clock.advance(2000);
    expect(status()).toBe('available');
    const second = await attach();
    await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId: second }));
    await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId: second, Force: true }));
    expect(status()).toBe('available');
  });

  test('never gets there with an endless delay, in either direction', async () => {
    const endless = Number.POSITIVE_INFINITY;
    const { clock, attach, status, ec2, emulator } = await start({ attachDelayMs: endless });
    emulator.knobs.detachDelayMs = endless;
    const AttachmentId = await attach();
    await clock.advance(24 * 3_600_000);
    expect(status()).toBe('attaching');
    await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId }));
    await clock.advance(24 * 3_600_000);
    expect(status()).toBe('detaching');
    await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId, Force: true }));
    expect(status()).toBe('available');
  });

  test('stays attaching for good when the emulator is closed meanwhile', async () => {
    const { clock, attach, status, emulator } = await start({ attachDelayMs: 100 });
    await attach();
    await emulator.close();
    await clock.advance(1000);
    expect(status()).toBe('attaching');
  });
});
