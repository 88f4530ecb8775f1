import type { CallGate } from '../call-gate.ts';
import type { Clock } from '../clock.ts';
import { Ec2Error, isEc2Error, missing } from '../cloud/ec2-error.ts';
import type { CloudHistory } from '../cloud-history.ts';
import { questionsOf } from '../iam/questions.ts';
import type { Journal } from '../journal.ts';
import type { KnobTarget } from '../knobs.ts';
import type { ServiceRequest, ServiceResponse } from '../service.ts';
import { Unanswered } from '../unanswered.ts';
import type { OperationContext } from './operation.ts';
import { type Ec2Operation, isReading } from './operation-names.ts';
import { isEc2Operation, operations } from './operations.ts';
import { formatError, formatResponse, parseParameters } from './query-codec.ts';

/** Answers EC2 Query requests: decode, let the knobs have their say, act, encode, write it down. */
export class Ec2Service {
  readonly #context: OperationContext;
  readonly #gate: CallGate;
  readonly #history: CloudHistory;
  readonly #journal: Journal;
  readonly #clock: Clock;
  #requestCount = 0;

  constructor(options: {
    readonly context: OperationContext;
    readonly gate: CallGate;
    readonly history: CloudHistory;
    readonly journal: Journal;
    readonly clock: Clock;
  }) {
    this.#context = options.context;
    this.#gate = options.gate;
    this.#history = options.history;
    this.#journal = options.journal;
    this.#clock = options.clock;
  }

  async handle(request: ServiceRequest): Promise<ServiceResponse | undefined> {
    const atMs = this.#clock.nowMs();
    this.#requestCount += 1;
    const requestId = requestIdOf(this.#requestCount);
    const call: Call = { action: '', parameters: {} };
    const writeDown = (outcome: string) =>
      this.#journal.add({
        atMs,
        service: 'ec2',
        operation: call.action,
        parameters: call.parameters,
        outcome,
        elapsedMs: this.#clock.nowMs() - atMs,
      });
    try {
      const xml = await this.#perform(formOf(request), call, requestId);
      writeDown('ok');
      return answer(200, xml, requestId);
    } catch (thrown) {
      if (thrown instanceof Unanswered) {
        writeDown('unanswered');
        await thrown.over;
        return undefined;
      }
      const error = asEc2Error(thrown);
      writeDown(error.code);
      return answer(error.status, formatError(error, requestId), requestId);
    }
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
    const { schema } = operations[call.action];
    call.parameters = Object.fromEntries(form);
    const input = parseParameters(schema, form);
    call.parameters = input;
    const targets: readonly KnobTarget[] = [call.action, 'ec2'];
    await this.#gate.enter(targets);
    this.#gate.authorize(questionsOf(call.action, input, this.#context.cloud));
    if (input['DryRun'] === true) {
      const reason = 'Request would have succeeded, but DryRun flag is set.';
      throw new Ec2Error('DryRunOperation', reason);
    }
    const output = await this.#act(call.action, input);
    this.#gate.leave(targets);
    return formatResponse(schema, output, requestId);
  }

  /** Reads see the past when they lag; whatever else is done, is done to the present. */
  async #act(action: Ec2Operation, input: Call['parameters']): Promise<Call['parameters']> {
    const { handle } = operations[action];
    if (isReading(action)) {
      const lagMs = this.#gate.lagOf([action, 'ec2']);
      return handle(input, { ...this.#context, cloud: this.#history.asOf(lagMs) });
    }
    const output = await handle(input, this.#context);
    this.#history.record();
    return output;
  }
}

interface Call {
  action: string;
  parameters: Readonly<Record<string, unknown>>;
}

const formOf = ({ method, path, body }: ServiceRequest): URLSearchParams =>
  method === 'GET' ? new URL(path, 'http://ec2').searchParams : new URLSearchParams(body);

const answer = (status: number, body: string, requestId: string): ServiceResponse => ({
  status,
  headers: { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId },
  body,
});

const asEc2Error = (thrown: unknown): Ec2Error =>
  isEc2Error(thrown)
    ? thrown
    : new Ec2Error('InternalError', `An internal error has occurred: ${String(thrown)}`);

const requestIdOf = (count: number): string =>
  `00000000-0000-4000-8000-${count.toString(16).padStart(12, '0')}`;
