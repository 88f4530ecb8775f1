#!/usr/bin/env node
// debug: a plugin for the middle or the end of a chain. It notes every request in a file, and hands the
// result of the plugin before it on unchanged.
//
//   { "type": "debug", "logFile": "/var/log/cni-debug.log" }
import { appendFile } from 'node:fs/promises';
import {
  CNI_ERROR,
  CniError,
  CURRENT_VERSION,
  convertResult,
  type PluginHandlers,
  parsePrevResult,
  type VerbRequest,
  versionsStartingFrom,
} from '@vpc-cni/cni-spec';
import { runPlugin } from '@vpc-cni/cni-spec/plugin';

/** One line of JSON a request: what the runtime sent, as the plugin understood it. */
async function note(verb: string, request: VerbRequest): Promise<void> {
  const { logFile = '/var/log/cni-debug.log' } = request.conf.raw;
  if (typeof logFile !== 'string') {
    throw new CniError(CNI_ERROR.invalidConfig, 'invalid logFile', 'expected the path of a file');
  }
  const { conf, stdin: _, signal: __, ...variables } = request;
  await appendFile(logFile, `${JSON.stringify({ verb, ...variables, conf: conf.raw })}\n`);
}

const handlers: PluginHandlers = {
  async add(request) {
    await note('ADD', request);
    const prevResult = parsePrevResult(request.conf);
    if (prevResult === undefined) {
      throw new CniError(
        CNI_ERROR.invalidConfig,
        'debug cannot be the first plugin of a list',
        'the request has no prevResult',
      );
    }
    return convertResult(prevResult, CURRENT_VERSION);
  },
  check: (request) => note('CHECK', request),
  del: (request) => note('DEL', request),
  gc: (request) => note('GC', request),
  status: (request) => note('STATUS', request),
};

await runPlugin(handlers, {
  supportedVersions: versionsStartingFrom('0.3.0'),
  about: 'debug: notes every request and passes the previous result on',
});
