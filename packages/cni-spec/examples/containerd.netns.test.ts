// Plugins written with the skeleton under a real containerd, from RunPodSandbox to removal: Debian's ptp
// delegates to the README's tiny-ipam, and the debug plugin of this folder notes what containerd sends.
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseArgs, parseConfList } from '@vpc-cni/cni-spec';
import { updateConfList } from '@vpc-cni/cni-spec/conflist';
import { createCniRuntime } from '@vpc-cni/cni-spec/runtime';
import { type Containerd, readReadmeExample, startContainerd } from '@vpc-cni/testing';

const packageDirectory = new URL('../', import.meta.url);
// In the package's folder, so that it finds the package by its published name.
const tinyIpam = fileURLToPath(new URL('.tiny-ipam.ts', packageDirectory));
const debug = fileURLToPath(new URL('debug.ts', import.meta.url));

let containerd: Containerd;
let scratch: string;
const addresses = ['10.9.0.2/24', '10.9.0.3/24'];

beforeAll(async () => {
  await writeFile(tinyIpam, await readReadmeExample(packageDirectory));
  containerd = await startContainerd();
  scratch = join(containerd.pluginDirectory, '..', 'plugins');
  await mkdir(scratch);
  await copyFile('/usr/lib/cni/ptp', join(containerd.pluginDirectory, 'ptp'));
  await install('tiny-ipam', tinyIpam);
  await install('debug', debug);
  const list = parseConfList(
    JSON.stringify({
      name: 'blue',
      cniVersion: '1.0.0',
      plugins: [
        {
          type: 'ptp',
          ipam: { type: 'tiny-ipam', directory: scratch, addresses, gateway: '10.9.0.1' },
        },
        {
          type: 'debug',
          logFile: join(scratch, 'log'),
          capabilities: { portMappings: true, 'io.kubernetes.cri.pod-annotations': true },
        },
      ],
    }),
  );
  await updateConfList(join(containerd.confDirectory, '10-blue.conflist'), () => list);
  // The list was renamed into place; containerd watches the directory.
  while (!(await containerd.cri.isNetworkReady()));
});
afterAll(async () => {
  await containerd?.close();
  await rm(tinyIpam, { force: true });
});

/** A program in TypeScript as an executable that finds its Node wherever it is executed. */
function install(name: string, file: string): Promise<void> {
  const flags = '--conditions=@vpc-cni/source --disable-warning=ExperimentalWarning';
  const script = `#!/bin/sh\nexec ${process.execPath} ${flags} ${file}\n`;
  return writeFile(join(containerd.pluginDirectory, name), script, { mode: 0o755 });
}

/** What the debug plugin noted since the last call. */
async function takeNotes() {
  const path = join(scratch, 'log');
  const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  await rm(path, { force: true });
  return lines.map((line) => JSON.parse(line));
}
const reservations = () => readdir(join(scratch, 'blue'));
const linksInNode = () => containerd.inNode('ip', '-br', 'link').trim().split('\n').length;
const pod = (name: string) => ({ name, namespace: 'default', uid: `uid-${name}` });
const remove = async (id: string) => {
  await containerd.cri.stopPodSandbox(id);
  await containerd.cri.removePodSandbox(id);
};

describe('under containerd', () => {
  test('a pod gets its address, and gives it back', async () => {
    const { cri } = containerd;
    const id = await cri.runPodSandbox({ ...pod('cart'), hostPort: 8080 });
    expect(await cri.podIp(id)).toBe('10.9.0.2');
    expect(await reservations()).toEqual(['10.9.0.2_24']);
    const [added, ...none] = await takeNotes();
    expect(none).toEqual([]);
    expect(added).toMatchObject({
      verb: 'ADD',
      containerId: id,
      ifName: 'eth0',
      path: containerd.pluginDirectory,
      conf: {
        name: 'blue',
        cniVersion: '1.0.0',
        prevResult: {
          cniVersion: '1.0.0',
          interfaces: [{}, { name: 'eth0', sandbox: added.netns }],
          ips: [{ interface: 1, address: '10.9.0.2/24' }],
        },
        runtimeConfig: { portMappings: [{ HostPort: 8080, ContainerPort: 80, Protocol: 'tcp' }] },
      },
    });
    expect(parseArgs(added.args, { K8S_POD_NAME: 'string', K8S_POD_UID: 'string' })).toEqual({
      K8S_POD_NAME: 'cart',
      K8S_POD_UID: 'uid-cart',
    });

    await cri.stopPodSandbox(id);
    expect(await takeNotes()).toEqual([
      expect.objectContaining({
        verb: 'DEL',
        netns: added.netns,
        conf: expect.objectContaining({ prevResult: added.conf.prevResult }),
      }),
    ]);
    await cri.removePodSandbox(id);
    const [removed] = await takeNotes();
    expect(removed).toMatchObject({ verb: 'DEL', netns: '' });
    expect(removed.conf).not.toHaveProperty('prevResult');
    expect(await reservations()).toEqual([]);
    expect(linksInNode()).toBe(1);
  });

  test('pods share the list, and the next is told when it is used up', async () => {
    const { cri } = containerd;
    const ids = await Promise.all(['a', 'b'].map((name) => cri.runPodSandbox(pod(name))));
    const ips = await Promise.all(ids.map((id) => cri.podIp(id)));
    expect(ips.sort()).toEqual(['10.9.0.2', '10.9.0.3']);
    await expect(cri.runPodSandbox(pod('c'))).rejects.toThrow(
      /plugin type="ptp" failed \(add\): no free address; all of ipam\.addresses are taken/,
    );
    for (const id of ids) await remove(id);
    expect(await reservations()).toEqual([]);
    expect(linksInNode()).toBe(1);
  });

  test('its cache is read by the runtime side', async () => {
    const { cri } = containerd;
    const id = await cri.runPodSandbox(pod('cached'));
    const runtime = createCniRuntime({
      pluginDirectories: [containerd.pluginDirectory],
      cacheDirectory: join(containerd.rootDirectory, 'var/lib/cni'),
    });
    const cached = await runtime.cachedAttachments();
    const blue = cached.find(({ networkName }) => networkName === 'blue');
    expect(blue).toMatchObject({ containerId: id, ifName: 'eth0' });
    expect(blue?.args).toContainEqual(['K8S_POD_NAME', 'cached']);
    const list = parseConfList(blue?.config ?? '');
    expect(list.plugins.map(({ type }) => type)).toEqual(['ptp', 'debug']);
    expect(await runtime.cachedResult(list, { containerId: id, ifName: 'eth0' })).toMatchObject({
      cniVersion: '1.0.0',
      ips: [{ address: '10.9.0.2/24' }],
    });
    await remove(id);
    expect(await runtime.cachedAttachments()).toEqual([]);
  });
});
