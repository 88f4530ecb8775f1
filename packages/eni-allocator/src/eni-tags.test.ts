import { expect, test } from '@jest/globals';
import { tagsOfNewEni } from './eni-tags.ts';

const nowMs = Date.parse('2026-03-01T12:00:00.987Z');
const always = {
  'node.k8s.amazonaws.com/createdAt': '2026-03-01T12:00:00Z',
  'node.k8s.amazonaws.com/instance_id': 'i-1',
};
const ofCluster = {
  'cluster.k8s.amazonaws.com/name': 'blue',
  'eks:eni:owner': 'amazon-vpc-cni',
};

const cases = [
  { name: 'has age and instance', owner: {}, tags: always },
  { name: 'takes an empty cluster name as none', owner: { clusterName: '' }, tags: always },
  {
    name: 'has cluster and owner with a cluster name',
    owner: { clusterName: 'blue' },
    tags: { ...always, ...ofCluster },
  },
  {
    name: 'has additional tags, which may override',
    owner: { clusterName: 'blue', additionalTags: { team: 'net', 'eks:eni:owner': 'me' } },
    tags: { ...always, ...ofCluster, team: 'net', 'eks:eni:owner': 'me' },
  },
  {
    name: 'leaves out additional tags with reserved keys',
    owner: { additionalTags: { 'x.k8s.amazonaws.com/y': '1', z: '2' } },
    tags: { ...always, z: '2' },
  },
];

test.each(cases)('a new ENI $name', ({ owner, tags }) => {
  const made = tagsOfNewEni({ instanceId: 'i-1', ...owner }, nowMs);
  expect(made).toEqual(tags);
  expect(Object.keys(made)).toEqual(Object.keys(made).sort());
});
