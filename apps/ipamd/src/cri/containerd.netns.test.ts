// The CRI client and the sweep with a real containerd; its pods are wired by Debian's ptp.
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Containerd, createFakeClock, startContainerd } from '@vpc-cni/testing';
import { readConfig } from '../config.ts';
import { createLogger } from '../logger.ts';
import { createBook, keyOf } from './book.fixture.ts';
import type { ContainerRuntime } from './container-runtime.ts';
import { createCriRuntime } from './cri-runtime.ts';
import { runningSandboxes } from './running-sandboxes.ts';
import { sweepAttachments } from './sweep-attachments.ts';

const CONF_LIST = {
  name: 'blue',
  cniVersion: '1.0.0',
  plugins: [
    {
      type: 'ptp',
      ipam: { type: 'host-local', dataDir: '/run/host-local', subnet: '10.9.0.0/24' },
    },
  ],
};

let containerd: Containerd;
let runtime: ContainerRuntime;
const log = createLogger({ file: '/dev/null', level: 'fatal' });

beforeAll(async () => {
  containerd = await startContainerd();
  runtime = createCriRuntime(containerd.socketPath);
  for (const plugin of ['ptp', 'host-local']) {
    await copyFile(`/usr/lib/cni/${plugin}`, join(containerd.pluginDirectory, plugin));
  }
  const path = join(containerd.confDirectory, '10-blue.conflist');
  await writeFile(path, JSON.stringify(CONF_LIST));
  while (!(await containerd.cri.isNetworkReady()));
});
afterAll(() => containerd?.close());

test('containerd is seen as it is, and what it forgets is taken down', async () => {
  const ending = new AbortController();
  const { signal } = ending;
  const { cri } = containerd;
  expect(await runtime.describe({ signal })).toMatch(/^containerd \d/);
  expect(await runtime.listSandboxes({ signal })).toEqual([]);

  const pod = (name: string) => ({ name, namespace: 'default', uid: `uid-${name}` });
  const web = await cri.runPodSandbox(pod('web'));
  const db = await cri.runPodSandbox(pod('db'));
  const addressOfWeb = await cri.podIp(web);
  expect(await runtime.addressOf(web, { signal })).toBe(addressOfWeb);
  expect(await runningSandboxes(runtime, { log, signal })).toContainEqual({
    containerId: web,
    address: addressOfWeb,
    podNamespace: 'default',
    podName: 'web',
  });

  const clock = createFakeClock();
  const book = createBook();
  for (const id of [web, db]) book.reserve(keyOf(id), {}, clock.nowMs());
  const held = () => book.reservations().map(({ key }) => key.containerId);
  let listings = 0;
  const counting: ContainerRuntime = {
    ...runtime,
    listSandboxes: async (options) => {
      const listing = await runtime.listSandboxes(options);
      listings += 1;
      return listing;
    },
  };
  const sweeping = sweepAttachments(
    { config: readConfig({}), clock, log, signal },
    {
      runtime: counting,
      attachments: () => book.reservations(),
      handlers: {
        del: async ({ containerId }) => void book.release(keyOf(containerId), clock.nowMs()),
      },
    },
  );
  /** Until the next listing is acted on: its answer comes in real time. */
  const nextSweep = async () => {
    const before = listings;
    await clock.advance(300_000);
    while (listings === before) await new Promise(setImmediate);
    await new Promise(setImmediate);
  };
  for (let sweeps = 0; sweeps < 3; sweeps += 1) await nextSweep();
  await cri.stopPodSandbox(web);
  expect(await runtime.listSandboxes({ signal })).toContainEqual(
    expect.objectContaining({ id: web, isReady: false }),
  );
  await nextSweep();
  await nextSweep();
  expect(held()).toEqual([web, db]);

  await cri.removePodSandbox(web);
  expect(await runtime.addressOf(web, { signal })).toBeUndefined();
  await nextSweep();
  expect(held()).toEqual([web, db]);
  await nextSweep();
  expect(held()).toEqual([db]);

  ending.abort();
  await sweeping;
  await cri.stopPodSandbox(db);
  await cri.removePodSandbox(db);
});
