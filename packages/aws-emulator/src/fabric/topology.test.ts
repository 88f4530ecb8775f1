import { beforeEach, describe, expect, test } from '@jest/globals';
import { ipv4Block } from './command-words.ts';
import { Topology } from './topology.ts';

const eni = {
  eniId: 'eni-1',
  instanceId: 'i-1',
  mac: '02:00:00:00:00:0A',
  deviceIndex: 0,
  networkCardIndex: 0,
  subnetId: 'subnet-1',
  primaryAddress: '10.0.1.10',
  addresses: ['10.0.1.10'],
};
const code = (expected: string) => expect.objectContaining({ code: expected });

let topology: Topology;

beforeEach(() => {
  topology = new Topology('demo');
  topology.addNode(topology.planNode('one'));
  topology.addNode(topology.planNode('two'));
  topology.addSubnet('subnet-1', ipv4Block('10.0.1.0/24'));
});

describe('an instance', () => {
  test('runs on the node it was bound to', () => {
    topology.bindInstance('i-1', 'two');
    topology.addInstance({ instanceId: 'i-1', metadataHopLimit: 1 });
    expect(topology.nodeOf('i-1')).toEqual({
      name: 'two',
      netns: 'demo-two',
      netnsPath: '/run/netns/demo-two',
    });
  });

  test('runs on the first free node otherwise, and stays there', () => {
    topology.bindInstance('i-0', 'one');
    topology.addInstance({ instanceId: 'i-1', metadataHopLimit: 1 });
    topology.addInstance({ instanceId: 'i-1', metadataHopLimit: 2 });
    expect(topology.nodeOf('i-1')?.name).toBe('two');
    const third = () => topology.addInstance({ instanceId: 'i-2', metadataHopLimit: 1 });
    expect(third).toThrow(code('not-found'));
  });

  test('shares no node with another', () => {
    topology.bindInstance('i-1', 'one');
    topology.bindInstance('i-1', 'one');
    expect(() => topology.bindInstance('i-2', 'one')).toThrow(code('already-exists'));
    expect(() => topology.bindInstance('i-2', 'three')).toThrow(code('not-found'));
  });

  test.each([0, 65, 1.5])('has no hop limit of %d', (metadataHopLimit) => {
    const add = () => topology.addInstance({ instanceId: 'i-1', metadataHopLimit });
    expect(add).toThrow(code('invalid-argument'));
    expect(topology.nodeOf('i-1')).toBeUndefined();
  });

  test('goes with its node, which is free for another when it comes again', () => {
    topology.addInstance({ instanceId: 'i-1', metadataHopLimit: 1 });
    topology.attach({ port: topology.planPort(eni), destinations: new Set() });
    topology.removeNode('one');
    expect(topology.nodeOf('i-1')).toBeUndefined();
    expect(topology.attached('eni-1')).toBeUndefined();
    expect(() => topology.requireAttached('eni-1')).toThrow(code('not-found'));
    topology.addNode(topology.planNode('one'));
    topology.bindInstance('i-2', 'one');
  });
});

describe('a port', () => {
  test('needs the instance and the subnet to be known, and the ENI to be elsewhere', () => {
    expect(() => topology.planPort(eni)).toThrow(code('not-found'));
    topology.addInstance({ instanceId: 'i-1', metadataHopLimit: 1 });
    const nowhere = { ...eni, subnetId: 'subnet-2' };
    expect(() => topology.planPort(nowhere)).toThrow(code('not-found'));
    topology.attach({ port: topology.planPort(eni), destinations: new Set() });
    expect(() => topology.planPort(eni)).toThrow(code('already-exists'));
  });

  test('has a name of its own and all that its set-up needs', () => {
    topology.addInstance({ instanceId: 'i-1', metadataHopLimit: 2 });
    expect(topology.planPort(eni)).toMatchObject({
      portName: 'fe1',
      mac: '02:00:00:00:00:0a',
      linkName: 'eth0',
      nodeNetns: 'demo-one',
      hopLimit: 2,
    });
    expect(topology.planPort(eni).portName).toBe('fe2');
  });
});
