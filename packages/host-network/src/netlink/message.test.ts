import { describe, expect, test } from '@jest/globals';
import { decodeAcknowledgement } from './acknowledgement.ts';
import * as captured from './captured-bytes.ts';
import { decodeMessages, encodeMessages, type Message } from './message.ts';

const only = (bytes: Uint8Array): Message => {
  const [message, ...more] = decodeMessages(bytes, 'little');
  if (message === undefined || more.length > 0) throw new TypeError('one message was expected');
  return message;
};

describe('netlink messages', () => {
  test('are taken apart', () => {
    const messages = decodeMessages(captured.rules, 'little');
    expect(messages).toHaveLength(8);
    expect(messages[0]).toMatchObject({ type: 32, flags: 2 });
    expect(messages[0]?.payload).toHaveLength(0x34 - 16);
  });

  test('are put together as iproute2 does', () => {
    const bytes = encodeMessages([only(captured.addRuleTo)], 'little');
    expect(Buffer.from(bytes)).toEqual(captured.addRuleTo);
  });

  test('survive a round trip in the other byte order', () => {
    const payload = Buffer.of(1, 2, 3, 4);
    const message = { type: 24, flags: 0x505, sequence: 0xdeadbeef, portId: 7, payload };
    expect(decodeMessages(encodeMessages([message], 'big'), 'big')).toEqual([message]);
  });

  test('that go together start at multiples of four', () => {
    const header = { type: 24, flags: 0x505, portId: 7 };
    const messages = [3, 4, 5, 0].map((length, sequence) => ({
      ...header,
      sequence,
      payload: Buffer.alloc(length, 0xff),
    }));
    const bytes = encodeMessages(messages, 'little');
    expect(bytes.length).toBe(20 + 20 + 24 + 16);
    expect([bytes[19], ...bytes.subarray(61, 64)]).toEqual([0, 0, 0, 0]);
    expect(decodeMessages(bytes, 'little')).toEqual(messages);
  });

  test('cut off anywhere are refused by name', () => {
    for (let length = 1; length < captured.addRuleTo.length; length += 1) {
      expect(() => decodeMessages(captured.addRuleTo.subarray(0, length), 'little')).toThrow(
        expect.objectContaining({ code: 'malformed-message' }),
      );
    }
  });

  test('that claim to be shorter than their header are refused', () => {
    const bytes = Uint8Array.from(captured.addRuleTo);
    bytes[0] = 15;
    expect(() => decodeMessages(bytes, 'little')).toThrow(/below its own header/);
  });

  test('beyond the ceiling are not sent', () => {
    const payload = new Uint8Array(65_536);
    const message = { type: 24, flags: 0, sequence: 1, portId: 0, payload };
    expect(() => encodeMessages([message], 'little')).toThrow(RangeError);
  });
});

describe('acknowledgements', () => {
  test('say that all is well', () => {
    expect(decodeAcknowledgement(only(captured.acceptedRule), 'little')).toEqual({
      errno: 0,
      reason: '',
    });
  });

  test('carry the kernel’s words behind the quoted request', () => {
    expect(decodeAcknowledgement(only(captured.refusedRoute), 'little')).toEqual({
      errno: 101,
      reason: 'Nexthop has invalid gateway',
    });
  });

  test('carry them right behind the header when the request is left out', () => {
    const { payload, ...header } = only(captured.refusedRoute);
    const requestLength = 0x2c;
    const capped = Buffer.concat([payload.subarray(0, 20), payload.subarray(4 + requestLength)]);
    const message = { ...header, flags: header.flags | 0x100, payload: capped };
    expect(decodeAcknowledgement(message, 'little').reason).toBe('Nexthop has invalid gateway');
  });

  test('at the end of a dump may carry an error', () => {
    const message = { type: 3, flags: 0, sequence: 1, portId: 0 };
    const minusFour = Uint8Array.of(0xfc, 0xff, 0xff, 0xff);
    expect(decodeAcknowledgement({ ...message, payload: minusFour }, 'little').errno).toBe(4);
    expect(decodeAcknowledgement({ ...message, payload: new Uint8Array(0) }, 'little').errno).toBe(
      0,
    );
  });

  test('cut off anywhere are refused', () => {
    const message = only(captured.refusedRoute);
    for (let length = 0; length < 20; length += 1) {
      const payload = message.payload.subarray(0, length);
      expect(() => decodeAcknowledgement({ ...message, payload }, 'little')).toThrow(
        expect.objectContaining({ code: 'malformed-message' }),
      );
    }
  });
});
