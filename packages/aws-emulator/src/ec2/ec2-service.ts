import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { Ec2Error, isEc2Error, missing } from '../cloud/ec2-error.ts';
import type { Journal } from '../journal.ts';
import type { KnobBoard, KnobTarget } from '../knobs.ts';
import type { OperationContext } from './operation.ts';
import { isEc2Operation, operations } from './operations.ts';
import { formatError, formatResponse, parseParameters } from './query-codec.ts';

const MAX_BODY_BYTES = 1_048_576;

/** Answers EC2 Query requests: decode, let the knobs have their say, act, encode, write it down. */
export class Ec2Service {
  readonly #context: OperationContext;
  readonly #knobs: KnobBoard;
  readonly #journal: Journal;
  readonly #clock: Clock;
  /** Aborts when the emulator closes, so that a long latency does not hold it up. */
  readonly #closing: AbortSignal;
  #requestCount = 0;

  constructor(options: {
    readonly context: OperationContext;
    readonly knobs: KnobBoard;
    readonly journal: Journal;
    readonly clock: Clock;
    readonly closing: AbortSignal;
  }) {
    this.#context = options.context;
    this.#knobs = options.knobs;
    this.#journal = options.journal;
    this.#clock = options.clock;
    this.#closing = options.closing;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const atMs = this.#clock.nowMs();
    this.#requestCount += 1;
    const requestId = requestIdOf(this.#requestCount);
    const call: Call = { action: '', parameters: {} };
    let outcome = 'ok';
    let answer: { readonly status: number; readonly xml: string };
    try {
      answer = { status: 200, xml: await this.#perform(await formOf(request), call, requestId) };
    } catch (thrown) {
      const error = asEc2Error(thrown);
      outcome = error.code;
      answer = { status: error.status, xml: formatError(error, requestId) };
    }
    this.#journal.add({
      atMs,
      service: 'ec2',
      operation: call.action,
      parameters: call.parameters,
      outcome,
      elapsedMs: this.#clock.nowMs() - atMs,
    });
    response.writeHead(answer.status, {
      'content-type': 'text/xml;charset=UTF-8',
      'x-amzn-requestid': requestId,
    });
    response.end(answer.xml);
  }

  /** The answer to a call; `call` is filled in on the way, for the journal. */
  async #perform(form: URLSearchParams, call: Call, requestId: string): Promise<string> {
    call.action = form.get('Action') ?? '';
    if (call.action === '') {
      throw missing('Action');
    }
    if (!isEc2Operation(call.action)) {
      throw new Ec2Error(
        'InvalidAction',
        `The action ${call.action} is not valid for this web service.`,
      );
    }
    const { schema, handle } = operations[call.action];
    call.parameters = Object.fromEntries(form);
    const input = parseParameters(schema, form);
    call.parameters = input;
    const targets: readonly KnobTarget[] = [call.action, 'ec2'];
    const latencyMs = this.#knobs.latencyOf(targets);
    if (latencyMs > 0) {
      await this.#clock.sleep(latencyMs, { signal: this.#closing });
    }
    this.#knobs.admit(targets);
    if (input['DryRun'] === true) {
      const reason = 'Request would have succeeded, but DryRun flag is set.';
      throw new Ec2Error('DryRunOperation', reason);
    }
    const output = await handle(input, this.#context);
    this.#knobs.conclude(targets);
    return formatResponse(schema, output, requestId);
  }
}

interface Call {
  action: string;
  parameters: Readonly<Record<string, unknown>>;
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  if (request.method === 'GET') {
    return new URL(request.url ?? '/', 'http://ec2').searchParams;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) {
      throw new Ec2Error('InvalidParameterValue', 'The request is too large.', { status: 413 });
    }
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

const asEc2Error = (thrown: unknown): Ec2Error =>
  isEc2Error(thrown)
    ? thrown
    : new Ec2Error('InternalError', `An internal error has occurred: ${String(thrown)}`);

const requestIdOf = (count: number): string =>
  `00000000-0000-4000-8000-${count.toString(16).padStart(12, '0')}`;
