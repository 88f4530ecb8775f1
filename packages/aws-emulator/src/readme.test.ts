import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { runReadmeExample } from '@vpc-cni/testing';
import { ec2Operations } from './ec2/operation-names.ts';
import { createEmulator } from './emulator.ts';

const packageDirectory = new URL('../', import.meta.url);
const readText = (file: string) => readFile(new URL(file, packageDirectory), 'utf8');
const wordsIn = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map(([, word]) => String(word));

test("the README's example runs and prints what the README says", async () => {
  const promised = /```text\n(.*?)```/s.exec(await readText('README.md'))?.[1];
  const { exitCode, stdout, stderr } = await runReadmeExample(packageDirectory);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toBe(promised);
});

const vocabularies = [
  { name: 'EC2 actions', words: async () => ec2Operations },
  { name: 'methods of outside', words: async () => Object.keys(createEmulator().outside) },
  { name: 'names of metadata', words: metadataNames },
  {
    name: 'error codes',
    words: async () => wordsIn(await readText('src/cloud/ec2-error.ts'), /^ {2}\| '([^']+)'/gm),
  },
  {
    name: 'knobs',
    words: async () => {
      const [, body = ''] = (await readText('src/knobs.ts')).split('export interface Knobs {');
      return wordsIn(body, /^ {2}(?:readonly )?(\w+)[(:]/gm);
    },
  },
];

test.each(vocabularies)('the README has all $name', async ({ words }) => {
  const readme = await readText('README.md');
  const all = await words();
  expect(all.length).toBeGreaterThan(9);
  const isThere = (word: string) => new RegExp(`(?<![\\w-])${word}(?![\\w-])`).test(readme);
  expect(all.filter((word) => !isThere(word))).toEqual([]);
});

/** The names of everything in the metadata of an instance that has all there is. */
async function metadataNames(): Promise<readonly string[]> {
  const emulator = createEmulator();
  const { vpcId } = emulator.addVpc({ cidr: '10.0.0.0/16', ipv6Cidr: '2001:db8::/56' });
  const { subnetId } = emulator.addSubnet({
    vpcId,
    cidr: '10.0.0.0/24',
    ipv6Cidr: '2001:db8::/64',
    availabilityZone: 'us-west-2a',
  });
  const { instanceId, primaryEniId } = await emulator.runInstance({
    subnetId,
    instanceType: 'm5.large',
    publicAddress: true,
  });
  await emulator.outside.assign(primaryEniId, { prefixCount: 1 });
  emulator.outside.announce(instanceId, {
    spotInterruption: { action: 'terminate', atMs: 0 },
    rebalanceRecommendedAtMs: 0,
    targetLifecycleState: 'Terminated',
  });
  const imds = emulator.inProcess.imds(instanceId);
  const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
  const token = await imds({ method: 'PUT', path: '/latest/api/token', headers: ttl });
  const headers = { 'x-aws-ec2-metadata-token': token.body };
  const namesBelow = async (path: string): Promise<readonly string[]> => {
    const { body } = await imds({ method: 'GET', path, headers });
    const found = body.split('\n').map(async (name) => {
      const below = name.endsWith('/') ? await namesBelow(path + name) : [];
      return [name.replace('/', ''), ...below];
    });
    return (await Promise.all(found)).flat().filter((name) => !name.includes(':'));
  };
  return namesBelow('/latest/');
}
