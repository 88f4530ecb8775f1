import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { Cloud } from '../cloud/cloud.ts';
import { type Ec2Error, isEc2Error } from '../cloud/ec2-error.ts';
import type { InstanceRecord } from '../cloud/instance.ts';
import { asInstanceId } from '../cloud/network.ts';
import type { Journal } from '../journal.ts';
import type { KnobBoard } from '../knobs.ts';
import { readMetadata } from './metadata-path.ts';
import { metadataTree } from './metadata-tree.ts';
import { type ImdsTokens, parseTtlSeconds } from './tokens.ts';

const TOKEN_PATH = '/latest/api/token';
const TOKEN_HEADER = 'x-aws-ec2-metadata-token';
const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const notFound: Answer = { status: 404, body: '404 - Not Found' };

/** Answers IMDSv2 requests, for one instance or for whichever the source address belongs to. */
export class ImdsService {
  readonly #cloud: Cloud;
  readonly #tokens: ImdsTokens;
  readonly #knobs: KnobBoard;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #closing: AbortSignal;

  constructor(options: {
    readonly cloud: Cloud;
    readonly tokens: ImdsTokens;
    readonly knobs: KnobBoard;
    readonly journal: Journal;
    readonly clock: Clock;
    readonly closing: AbortSignal;
  }) {
    this.#cloud = options.cloud;
    this.#tokens = options.tokens;
    this.#knobs = options.knobs;
    this.#journal = options.journal;
    this.#clock = options.clock;
    this.#closing = options.closing;
  }

  /** @param fixedInstanceId the instance to speak for, whoever asks. */
  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    fixedInstanceId: string | undefined,
  ): Promise<void> {
    const atMs = this.#clock.nowMs();
    const source = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    const instance = this.#instanceFor(source, fixedInstanceId);
    const answer = await this.#answer(request, instance);
    this.#journal.add({
      atMs,
      service: 'imds',
      operation: request.method ?? '',
      parameters: { path: request.url ?? '', source, instanceId: instance?.instanceId },
      outcome: answer.status === 200 ? 'ok' : String(answer.status),
      elapsedMs: this.#clock.nowMs() - atMs,
    });
    response.writeHead(answer.status, {
      'content-type': 'text/plain',
      server: 'EC2ws',
      ...answer.headers,
    });
    response.end(answer.body);
  }

  #instanceFor(source: string, fixedInstanceId: string | undefined): InstanceRecord | undefined {
    if (fixedInstanceId !== undefined) {
      return this.#cloud.instances.get(asInstanceId(fixedInstanceId));
    }
    const eniId = this.#cloud.network.ownerOf(source);
    return eniId === undefined ? undefined : this.#cloud.instanceOf(this.#cloud.enis.get(eniId));
  }

  async #answer(request: IncomingMessage, instance: InstanceRecord | undefined): Promise<Answer> {
    const latencyMs = this.#knobs.latencyOf(['imds']);
    try {
      if (latencyMs > 0) {
        await this.#clock.sleep(latencyMs, { signal: this.#closing });
      }
      this.#knobs.admit(['imds']);
      const answer = this.#read(request, instance);
      this.#knobs.conclude(['imds']);
      return answer;
    } catch (error) {
      return isEc2Error(error) ? injected(error) : { status: 500, body: String(error) };
    }
  }

  #read(request: IncomingMessage, instance: InstanceRecord | undefined): Answer {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (instance === undefined) {
      return notFound;
    }
    if (path === TOKEN_PATH) {
      return this.#issueToken(request, instance);
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return { status: 405, body: '405 - Method Not Allowed' };
    }
    const token = request.headers[TOKEN_HEADER];
    const nowMs = this.#clock.nowMs();
    if (typeof token !== 'string' || !this.#tokens.isValid(token, instance.instanceId, nowMs)) {
      return { status: 401, body: '401 - Unauthorized' };
    }
    const body = readMetadata(metadataTree(this.#cloud, instance, nowMs), path);
    return body === undefined ? notFound : { status: 200, body };
  }

  #issueToken(request: IncomingMessage, instance: InstanceRecord): Answer {
    if (request.method !== 'PUT') {
      return { status: 405, body: '405 - Method Not Allowed' };
    }
    // A request that came through a proxy is not the instance's own (IMDSv2's defence).
    if (request.headers['x-forwarded-for'] !== undefined) {
      return { status: 403, body: '403 - Forbidden' };
    }
    const header = request.headers[TTL_HEADER];
    const ttlSeconds = parseTtlSeconds(typeof header === 'string' ? header : undefined);
    if (ttlSeconds === undefined) {
      return { status: 400, body: '400 - Bad Request' };
    }
    const body = this.#tokens.issue(instance.instanceId, ttlSeconds, this.#clock.nowMs());
    return { status: 200, body, headers: { [TTL_HEADER]: String(ttlSeconds) } };
  }
}

const injected = (error: Ec2Error): Answer => ({ status: error.status, body: error.reason });
