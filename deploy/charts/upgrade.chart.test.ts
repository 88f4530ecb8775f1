// Source: the chart and the manifest of the AWS VPC CNI 1.23.1, object by object. What is ours is said to be.
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  basePath,
  container,
  daemonSet,
  kustomize,
  parseManifests,
  render,
  renderBase,
} from './render.fixture.ts';

describe('an upgrade in place', () => {
  const selectorOf = (values = {}, release?: string) =>
    daemonSet(render(values, release)).selector.matchLabels;

  test.each([
    {
      from: 'the chart of the AWS VPC CNI',
      values: {},
      selector: {
        'app.kubernetes.io/name': 'aws-node',
        'app.kubernetes.io/instance': 'aws-vpc-cni',
      },
    },
    {
      from: 'that chart with labels of its own',
      values: { podLabels: { team: 'net' } },
      selector: {
        'app.kubernetes.io/name': 'aws-node',
        'app.kubernetes.io/instance': 'aws-vpc-cni',
        team: 'net',
      },
    },
    {
      from: 'that chart under another name',
      values: {},
      release: 'cni',
      selector: { 'app.kubernetes.io/name': 'aws-node', 'app.kubernetes.io/instance': 'cni' },
    },
    {
      from: 'what EKS or a manifest created',
      values: { originalMatchLabels: true },
      selector: { 'k8s-app': 'aws-node' },
    },
  ])('keeps the selector of $from, which cannot change', ({ values, release, selector }) => {
    expect(selectorOf(values, release)).toEqual(selector);
    const { template } = daemonSet(render(values, release));
    expect(template.metadata.labels).toMatchObject(selector);
  });

  test('kubectl applies and kustomize builds the same objects, selected as by EKS', () => {
    const committed = readFileSync(`${basePath}/aws-k8s-cni.yaml`, 'utf8');
    expect(committed).toBe(renderBase());
    expect(committed).not.toMatch(/helm\.sh|managed-by/);
    const objects = parseManifests(committed);
    expect(daemonSet(objects).selector.matchLabels).toEqual({ 'k8s-app': 'aws-node' });
    const byName = (text: string) =>
      Object.fromEntries(
        parseManifests(text).map((one) => [`${one.kind}/${one.metadata.name}`, one]),
      );
    expect(byName(kustomize())).toEqual(byName(committed));
  });

  test('the kustomization of the page on migration is one', () => {
    const page = readFileSync(
      new URL('../../docs/migrate-from-aws-node.md', import.meta.url),
      'utf8',
    );
    const [, given = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
    const directory = mkdtempSync(join(tmpdir(), 'kustomize-'));
    try {
      const text = given.replace(
        'deploy/kustomize/base',
        relative(realpathSync(directory), basePath),
      );
      writeFileSync(
        join(directory, 'kustomization.yaml'),
        text.replaceAll('REGISTRY', 'registry.example'),
      );
      const objects = parseManifests(kustomize(directory));
      const node = container(objects, 'aws-node');
      expect(node.image).toBe('registry.example/amazon-k8s-cni:v0.1.0');
      expect(node.env).toContainEqual({ name: 'WARM_IP_TARGET', value: '5' });
      expect(container(objects, 'aws-vpc-cni-init').image).toMatch(/^registry\.example/);
      expect(daemonSet(objects)).toMatchObject({ updateStrategy: { type: 'OnDelete' } });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
