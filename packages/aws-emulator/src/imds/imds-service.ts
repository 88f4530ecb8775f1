import type { CallGate } from '../call-gate.ts';
import type { Clock } from '../clock.ts';
import type { Cloud } from '../cloud/cloud.ts';
import { type Ec2Error, isEc2Error } from '../cloud/ec2-error.ts';
import type { InstanceId } from '../cloud/ids.ts';
import type { InstanceRecord } from '../cloud/instance.ts';
import { asInstanceId } from '../cloud/network.ts';
import type { CloudHistory } from '../cloud-history.ts';
import type { Journal } from '../journal.ts';
import type { KnobTarget } from '../knobs.ts';
import type { ServiceRequest, ServiceResponse } from '../service.ts';
import { Unanswered } from '../unanswered.ts';
import { readMetadata, without } from './metadata-path.ts';
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
  readonly #gate: CallGate;
  readonly #history: CloudHistory;
  readonly #journal: Journal;
  readonly #clock: Clock;

  constructor(options: {
    readonly cloud: Cloud;
    readonly tokens: ImdsTokens;
    readonly gate: CallGate;
    readonly history: CloudHistory;
    readonly journal: Journal;
    readonly clock: Clock;
  }) {
    this.#cloud = options.cloud;
    this.#tokens = options.tokens;
    this.#gate = options.gate;
    this.#history = options.history;
    this.#journal = options.journal;
    this.#clock = options.clock;
  }

  /** @param fixedInstanceId the instance to speak for, whoever asks. */
  async handle(
    request: ServiceRequest,
    fixedInstanceId: string | undefined,
  ): Promise<ServiceResponse | undefined> {
    const atMs = this.#clock.nowMs();
    const { method, path, source } = request;
    const instance = this.#instanceFor(source, fixedInstanceId);
    const writeDown = (outcome: string) =>
      this.#journal.add({
        atMs,
        service: 'imds',
        operation: method,
        parameters: { path, source, instanceId: instance?.instanceId },
        outcome,
        elapsedMs: this.#clock.nowMs() - atMs,
      });
    try {
      const { status, body, headers } = await this.#answer(request, instance);
      writeDown(status === 200 ? 'ok' : String(status));
      const always = { 'content-type': 'text/plain', server: 'EC2ws' };
      return { status, body, headers: { ...always, ...headers } };
    } catch (thrown) {
      if (thrown instanceof Unanswered) {
        writeDown('unanswered');
        await thrown.over;
        return undefined;
      }
      throw thrown;
    }
  }

  #instanceFor(source: string, fixedInstanceId: string | undefined): InstanceRecord | undefined {
    if (fixedInstanceId !== undefined) {
      return this.#cloud.instances.get(asInstanceId(fixedInstanceId));
    }
    const eniId = this.#cloud.network.ownerOf(source);
    return eniId === undefined ? undefined : this.#cloud.instanceOf(this.#cloud.enis.get(eniId));
  }

  async #answer(request: ServiceRequest, instance: InstanceRecord | undefined): Promise<Answer> {
    const isToken = pathOf(request) === TOKEN_PATH;
    const targets: readonly KnobTarget[] = isToken ? ['imds-token', 'imds'] : ['imds'];
    try {
      await this.#gate.enter(targets);
      const answer = this.#read(request, instance);
      this.#gate.leave(targets);
      return answer;
    } catch (error) {
      if (isEc2Error(error)) {
        return injected(error);
      }
      throw error;
    }
  }

  #read(request: ServiceRequest, instance: InstanceRecord | undefined): Answer {
    const path = pathOf(request);
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
    if (token === undefined || !this.#tokens.isValid(token, instance.instanceId, nowMs)) {
      return { status: 401, body: '401 - Unauthorized' };
    }
    // An instance that has just been started knows at least what it was started with.
    const past = this.#history.asOf(this.#gate.lagOf(['imds']), (cloud) =>
      isInUse(cloud, instance.instanceId),
    );
    const hidden = [...this.#gate.hiddenMetadata].map((hiddenPath) => `meta-data/${hiddenPath}`);
    const tree = without(metadataTree(past, instance, nowMs), hidden);
    const body = readMetadata(tree, path);
    return body === undefined ? notFound : { status: 200, body };
  }

  #issueToken(request: ServiceRequest, instance: InstanceRecord): Answer {
    if (request.method !== 'PUT') {
      return { status: 405, body: '405 - Method Not Allowed' };
    }
    // A request that came through a proxy is not the instance's own (IMDSv2's defence).
    if (request.headers['x-forwarded-for'] !== undefined) {
      return { status: 403, body: '403 - Forbidden' };
    }
    const ttlSeconds = parseTtlSeconds(request.headers[TTL_HEADER]);
    if (ttlSeconds === undefined) {
      return { status: 400, body: '400 - Bad Request' };
    }
    const body = this.#tokens.issue(instance.instanceId, ttlSeconds, this.#clock.nowMs());
    return { status: 200, body, headers: { [TTL_HEADER]: String(ttlSeconds) } };
  }
}

const pathOf = ({ path }: ServiceRequest): string => path.split('?')[0] ?? '/';

function isInUse(cloud: Cloud, instanceId: InstanceId): boolean {
  const instance = cloud.instances.get(instanceId);
  return instance !== undefined && cloud.primaryEniOf(instance)?.attachment?.status === 'attached';
}

const injected = (error: Ec2Error): Answer => ({ status: error.status, body: error.reason });
