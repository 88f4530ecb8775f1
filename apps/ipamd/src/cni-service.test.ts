import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { CniResult, PluginHandlers } from '@vpc-cni/cni-spec';
import { createFakeClock } from '@vpc-cni/testing';
import { type CniService, createCniService } from './cni-service.ts';
import { readConfig } from './config.ts';
import { createLogger } from './logger.ts';
import { createMetrics } from './metrics.ts';

let runDirectory: string;
let carriedOut: string[];
let failDel: boolean;
let service: CniService;

const result: CniResult = { interfaces: [], ips: [], routes: [] };

const handlersOf = (plugin: string): PluginHandlers => ({
  add: async ({ containerId }) => {
    carriedOut.push(`ADD ${containerId}${plugin}`);
    return result;
  },
  del: async ({ containerId }) => {
    if (failDel) throw new Error('no space left');
    carriedOut.push(`DEL ${containerId}${plugin}`);
  },
});
const plugins = { 'aws-cni': handlersOf(''), 'egress-cni': handlersOf(' egress') };
const ready = { plugins, forDeferred: plugins };

beforeEach(async () => {
  runDirectory = await mkdtemp(join(tmpdir(), 'cni-service-'));
  await mkdir(join(runDirectory, 'deferred-del'));
  carriedOut = [];
  failDel = false;
  const clock = createFakeClock();
  const { signal } = new AbortController();
  service = createCniService(
    {
      config: readConfig({ AWS_VPC_K8S_CNI_RUN_DIR: runDirectory }),
      log: createLogger({ file: '/dev/null', level: 'fatal' }),
      clock,
      metrics: createMetrics('0'),
      wallNowMs: clock.nowMs,
      signal,
      phases: { run: (_, step) => step() },
    },
    { version: '0', whileStarting: plugins },
  );
});

afterEach(() => rm(runDirectory, { recursive: true }));

type Plugin = keyof typeof plugins;
const confOf = (type: Plugin) => JSON.stringify({ cniVersion: '1.0.0', name: 'aws-cni', type });

/** Writes what the launcher would. */
function defer(containerId: string, plugin: Plugin = 'aws-cni') {
  const conf = confOf(plugin);
  const name = `${containerId}:eth0${plugin === 'aws-cni' ? '' : `:${plugin}`}`;
  return writeFile(
    join(runDirectory, 'deferred-del', name),
    `POST /v1/cni HTTP/1.1\r\nCni-Command: DEL\r\nCni-Containerid: ${containerId}\r\nCni-Ifname: eth0\r\nCni-Path: /opt/cni/bin\r\nContent-Length: ${conf.length}\r\n\r\n${conf}`,
  );
}

const cni = (command: string, containerId: string, plugin: Plugin = 'aws-cni') =>
  service.answer(
    {
      environment: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: containerId,
        CNI_IFNAME: 'eth0',
        CNI_NETNS: '/run/netns/a',
        CNI_PATH: '/opt/cni/bin',
      },
      stdin: confOf(plugin),
    },
    new AbortController().signal,
  );

test('deferred DELs come before anything is served', async () => {
  await defer('a');
  expect(await cni('DEL', 'b')).toBeUndefined();
  await service.begin(ready);
  await cni('ADD', 'b');
  expect(carriedOut).toEqual(['DEL a', 'ADD b']);
});

test('an ADD waits for the deferred DEL of its attachment, and for no other', async () => {
  await service.begin(ready);
  await defer('a');
  await cni('ADD', 'b');
  await cni('ADD', 'a');
  expect(carriedOut).toEqual(['ADD b', 'DEL a', 'ADD a']);
});

test('while the deferred DEL of an attachment fails, so does its ADD, with the reason', async () => {
  await service.begin(ready);
  await defer('a');
  failDel = true;
  const refused = await cni('ADD', 'a');
  expect(refused?.exitCode).toBe(1);
  expect(JSON.parse(refused?.stdout ?? '')).toMatchObject({
    code: 11,
    details: expect.stringContaining('no space left'),
  });
  failDel = false;
  await service.sweep();
  await cni('ADD', 'a');
  expect(carriedOut).toEqual(['DEL a', 'ADD a']);
});

test('each plugin’s requests and deferred DELs are carried out by its own handlers', async () => {
  await defer('a');
  await defer('a', 'egress-cni');
  await service.begin(ready);
  await cni('ADD', 'b');
  await cni('ADD', 'b', 'egress-cni');
  expect(carriedOut).toEqual(['DEL a egress', 'DEL a', 'ADD b', 'ADD b egress']);
});

test('an ADD waits for the deferred DELs of both plugins', async () => {
  await service.begin(ready);
  await defer('a');
  await defer('a', 'egress-cni');
  await cni('ADD', 'a');
  expect(carriedOut).toEqual(['DEL a egress', 'DEL a', 'ADD a']);
});

test('deferred DELs, of before and of later, have handlers of their own', async () => {
  const late = handlersOf(' late');
  await defer('a');
  await service.begin({ plugins, forDeferred: { 'aws-cni': late, 'egress-cni': late } });
  await defer('b');
  await service.sweep();
  await cni('DEL', 'c');
  expect(carriedOut).toEqual(['DEL a late', 'DEL b late', 'DEL c']);
});

test('what is no configuration is refused, not served by chance', async () => {
  await service.begin(ready);
  const environment = { CNI_COMMAND: 'STATUS', CNI_PATH: '/opt/cni/bin' };
  for (const stdin of ['', 'null', '["egress-cni"]', '{"type":']) {
    const refused = await service.answer({ environment, stdin }, new AbortController().signal);
    expect(refused?.exitCode).toBe(1);
  }
  expect(carriedOut).toEqual([]);
});
