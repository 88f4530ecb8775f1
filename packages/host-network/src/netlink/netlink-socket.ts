import { closeSync, read, readSync, write, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { HostNetworkError } from '../host-network-error.ts';
import { systemErrorCode } from '../native/errno.ts';
import { decodeAcknowledgement } from './acknowledgement.ts';
import { HOST_ORDER } from './host-order.ts';
import {
  decodeMessages,
  encodeMessages,
  MESSAGE_CEILING_BYTES,
  type Message,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from './message.ts';
import {
  type Answer,
  acknowledged,
  answerOf,
  type NetlinkRequest,
  payloadUnless,
  requirePayload,
  translateIoError,
} from './netlink-request.ts';

const DUMP_ATTEMPTS = 5;
const DUMP_PAUSE_MS = 5;
/** In one write: their answers fit the receive buffer many times over. */
const PIPELINED_REQUESTS = 32;

const readAsync = promisify(read);
const writeAsync = promisify(write);

// Synchronous answers are consumed before anything else runs, so all sockets share this.
const receiveBuffer = new Uint8Array(MESSAGE_CEILING_BYTES);

/**
 * What sockets of requests should have as `readTimeoutMs`. The kernel's answer is there when the request is
 * written, so a read that waits waits for an answer that an overflow took, and would wait for ever.
 */
export const LOST_ANSWER_MS = 1_000;

/** Whose time the kernel's work takes: the JavaScript thread's, or that of a thread of libuv's pool. */
export type Where = 'here' | 'in-pool';

/** Sees what is asked of the kernel, for counting; `isDump` when it is asked for a whole table. */
export type RequestObserver = (request: {
  readonly operation: string;
  readonly isDump: boolean;
}) => void;

/**
 * One netlink socket. Use one either for synchronous requests or for asynchronous ones: the answers of
 * the two would get mixed up. Asynchronous requests queue; each occupies one thread of libuv's pool
 * while the kernel works on it, and never the JavaScript thread.
 */
export class NetlinkSocket {
  readonly #fd: number;
  readonly #observe: RequestObserver;
  #sequence = 0;
  #isClosed = false;
  #queue: Promise<unknown> = Promise.resolve();
  #queuedCount = 0;
  /** One dump runs at a time. */
  #dumpBuffer: Uint8Array | undefined;

  /** @param observe is called with every request, before it is sent. */
  constructor(fd: number, observe: RequestObserver = () => {}) {
    this.#fd = fd;
    this.#observe = observe;
  }

  /** Sends a request and reads its answer before it returns. @throws {HostNetworkError} when refused. */
  exchange(request: NetlinkRequest): Uint8Array {
    return requirePayload(this.#ask(request), request);
  }

  /** The same for a request that may be refused in a way the caller expects: then undefined. */
  attempt(request: NetlinkRequest, ...expected: readonly string[]): Uint8Array | undefined {
    return payloadUnless(expected, this.#ask(request), request);
  }

  /** As {@link exchange}, off the JavaScript thread. */
  exchangeAsync(request: NetlinkRequest): Promise<Uint8Array> {
    return this.#enqueue(request, async () => {
      const [answer] = await this.#askTogether([request], 'in-pool');
      // One request has one answer.
      return requirePayload(answer as Answer, request);
    });
  }

  /**
   * Asks many things with few writes. The kernel does them in turn, also when it refused one before.
   *
   * @param where the kernel works: `here`, on the JavaScript thread and soonest, unless requests are queued;
   *   or `in-pool`, off it.
   * @returns an answer for each request.
   */
  async askAll(requests: readonly NetlinkRequest[], where: Where): Promise<readonly Answer[]> {
    const [first] = requests;
    if (first === undefined) return [];
    return this.#enqueue(first, async () => {
      const answers: Answer[] = [];
      for (let start = 0; start < requests.length; start += PIPELINED_REQUESTS) {
        const batch = requests.slice(start, start + PIPELINED_REQUESTS);
        answers.push(...(await this.#askTogether(batch, where)));
      }
      return answers;
    });
  }

  /**
   * The same in the pool, for requests that may be refused in a way the caller expects.
   *
   * @returns for each request whether it was done; false when it was refused as expected.
   */
  async attemptAllAsync(
    requests: readonly NetlinkRequest[],
    ...expected: readonly string[]
  ): Promise<readonly boolean[]> {
    const answers = await this.askAll(requests, 'in-pool');
    return requests.map(
      (request, index) => payloadUnless(expected, answers[index] as Answer, request) !== undefined,
    );
  }

  #ask(request: NetlinkRequest): Answer {
    this.#requireOpen(request);
    const { bytes, lastSequence } = this.#encode([request]);
    try {
      writeSync(this.#fd, bytes);
      // One request has one answer.
      return this.#readAnswers([request], lastSequence)[0] as Answer;
    } catch (cause) {
      throw translateIoError(cause, request);
    }
  }

  /** The kernel does its work in the write: the answers are there when it returns. */
  async #askTogether(
    requests: readonly NetlinkRequest[],
    where: Where,
  ): Promise<readonly Answer[]> {
    const { bytes, lastSequence } = this.#encode(requests);
    if (where === 'here') writeSync(this.#fd, bytes);
    else await writeAsync(this.#fd, bytes);
    return this.#readAnswers(requests, lastSequence);
  }

  /**
   * The last is to be told of its success, and so are those that ask for something. The others hear only of their
   * failure: whatever the kernel has to say of them comes before its answer to the last. Where one finds no room in the
   * receive buffer, none after it does before the next read, so the last is missing, too.
   */
  #encode(requests: readonly NetlinkRequest[]) {
    const messages = requests.map((request, index) => {
      const isLast = index === requests.length - 1;
      const flags = isLast ? request.flags : request.flags & ~NLM_F_ACK;
      return this.#message({ ...request, flags }, this.#nextSequence());
    });
    return { bytes: encodeMessages(messages, HOST_ORDER), lastSequence: this.#sequence };
  }

  #readAnswers(requests: readonly NetlinkRequest[], lastSequence: number): readonly Answer[] {
    const answers: Answer[] = requests.map(() => acknowledged);
    const last = requests.length - 1;
    let isComplete = false;
    while (!isComplete) {
      const length = readUninterrupted(this.#fd);
      for (const message of decodeMessages(receiveBuffer.subarray(0, length), HOST_ORDER)) {
        // Those with another sequence belong to nobody any more.
        const index = last - ((lastSequence - message.sequence) >>> 0);
        const request = requests[index];
        const answer = request && answerIn(message, request);
        if (answer === undefined) continue;
        answers[index] = answer;
        if (index === last) isComplete = true;
      }
    }
    return answers;
  }

  /**
   * Reads a whole kernel table off the JavaScript thread, and calls `each` with every entry's payload,
   * a view that is only valid during the call. An interrupted dump is repeated, so `each` may be called
   * again from the start, after `restart`, and a pause that grows.
   *
   * @throws {HostNetworkError} `dump-interrupted` when the table changed under all five attempts.
   */
  dump(
    request: NetlinkRequest,
    each: (payload: Uint8Array) => void,
    restart: () => void,
  ): Promise<void> {
    return this.#enqueue(request, async () => {
      for (let attempt = 1; attempt <= DUMP_ATTEMPTS; attempt += 1) {
        restart();
        if ((await this.#dumpOnce(request, each)) === 'complete') return;
        // Whoever changes the table is often done soon.
        if (attempt < DUMP_ATTEMPTS) await sleep(attempt * DUMP_PAUSE_MS);
      }
      throw new HostNetworkError(
        'dump-interrupted',
        `${request.operation} ${request.object()}: the table changed during each of ${DUMP_ATTEMPTS} attempts; try again`,
        { facts: { operation: request.operation, attempts: DUMP_ATTEMPTS } },
      );
    });
  }

  /** Closes at once, or after the last queued request. Calling it again does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#queuedCount === 0) closeSync(this.#fd);
    else this.#queue.then(() => closeSync(this.#fd));
  }

  async #dumpOnce(
    request: NetlinkRequest,
    each: (payload: Uint8Array) => void,
  ): Promise<'complete' | 'interrupted'> {
    const sequence = this.#nextSequence();
    const message = this.#message(request, sequence, NLM_F_DUMP);
    await writeAsync(this.#fd, encodeMessages([message], HOST_ORDER));
    this.#dumpBuffer ??= new Uint8Array(MESSAGE_CEILING_BYTES);
    const buffer = this.#dumpBuffer;
    let isInterrupted = false;
    for (;;) {
      const { bytesRead } = await readAsync(this.#fd, buffer, 0, buffer.length, null);
      for (const message of decodeMessages(buffer.subarray(0, bytesRead), HOST_ORDER)) {
        if (message.sequence !== sequence) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) isInterrupted = true;
        if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) {
          requirePayload(answerOf(decodeAcknowledgement(message, HOST_ORDER)), request);
          return isInterrupted ? 'interrupted' : 'complete';
        }
        each(message.payload);
      }
    }
  }

  #message(request: NetlinkRequest, sequence: number, extraFlags = 0): Message {
    const { type, operation, payload } = request;
    this.#observe({ operation, isDump: extraFlags === NLM_F_DUMP });
    return {
      type,
      flags: NLM_F_REQUEST | request.flags | extraFlags,
      sequence,
      portId: 0,
      payload,
    };
  }

  #enqueue<T>(request: NetlinkRequest, work: () => Promise<T>): Promise<T> {
    this.#requireOpen(request);
    const isFree = this.#queuedCount === 0;
    this.#queuedCount += 1;
    // At once, not at the end of the turn: whoever asks may go on to block the thread.
    const result = (isFree ? work() : this.#queue.then(work)).catch((cause: unknown) => {
      throw translateIoError(cause, request);
    });
    this.#queue = result
      .catch(() => {})
      .then(() => {
        this.#queuedCount -= 1;
      });
    return result;
  }

  #nextSequence(): number {
    this.#sequence = (this.#sequence + 1) >>> 0;
    return this.#sequence;
  }

  #requireOpen({ operation, object }: NetlinkRequest): void {
    if (!this.#isClosed) return;
    throw new HostNetworkError('closed', `${operation} ${object()}: the netlink socket was closed`);
  }
}

/** A read with a time limit is not resumed by the kernel after a signal, for example a child's end. */
function readUninterrupted(fd: number): number {
  for (;;) {
    try {
      return readSync(fd, receiveBuffer);
    } catch (error) {
      if (systemErrorCode(error) !== 'EINTR') throw error;
    }
  }
}

function answerIn(message: Message, { flags }: NetlinkRequest): Answer | undefined {
  if (message.type === NLMSG_ERROR) return answerOf(decodeAcknowledgement(message, HOST_ORDER));
  // Whoever wants an acknowledgement gets one after whatever else there is.
  if ((flags & NLM_F_ACK) !== 0) return undefined;
  return { kind: 'done', payload: message.payload.slice() };
}
