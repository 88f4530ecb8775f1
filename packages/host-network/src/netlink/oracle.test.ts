import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import oracle from 'netlink/dist/rt/structs.js';
import { encodeAddressMessage } from './address-message.ts';
import { encodeLinkMessage } from './link-message.ts';
import { encodeNeighbourMessage } from './neighbour-message.ts';
import { encodeRouteMessage } from './route-message.ts';
import { encodeRuleMessage } from './rule-message.ts';

// The npm package netlink 0.3.0 has a codec of its own for the same structures. Whatever we encode, it must read back.

const u8 = fc.nat(0xff);
const u32 = fc.nat(0xffffffff);
const index = fc.nat(0x7fffffff);
const mac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => Buffer.from(bytes));
const linkName = fc.stringMatching(/^[a-z][a-z0-9.]{0,14}$/);
const otherAttributes = fc.constant([]);

const encoded = (bytes: Uint8Array) => Buffer.from(bytes);

describe.each([
  { name: 'IPv4', family: 2, length: 4 },
  { name: 'IPv6', family: 10, length: 16 },
])('of $name, an independent codec reads', ({ family, length }) => {
  const ip = fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((bytes) => Buffer.from(bytes));

  test('rules', () => {
    const messages = fc.record({
      family: fc.constant(family),
      destinationLength: u8,
      sourceLength: u8,
      tos: u8,
      tableId: u32,
      action: fc.constant(1),
      flags: fc.constant(0),
      destination: ip,
      source: ip,
      inputLinkName: linkName,
      priority: u32,
      mark: u32,
      markMask: u32,
      protocol: u8,
      otherAttributes,
    });
    fc.assert(
      fc.property(messages, (message) => {
        const { data, attrs } = oracle.parseRuleMessage(
          encoded(encodeRuleMessage(message, 'little')),
        );
        expect(data).toMatchObject({
          family,
          dstLen: message.destinationLength,
          srcLen: message.sourceLength,
          tos: message.tos,
          action: 'toTbl',
        });
        expect(attrs.table ?? data.table).toBe(message.tableId);
        expect(attrs).toMatchObject({
          dst: message.destination,
          src: message.source,
          iifname: message.inputLinkName,
          priority: message.priority,
          fwmark: message.mark,
          fwmask: message.markMask,
          protocol: message.protocol,
        });
      }),
    );
  });

  test('routes', () => {
    const messages = fc.record({
      family: fc.constant(family),
      destinationLength: u8,
      sourceLength: u8,
      tos: u8,
      tableId: u32,
      protocol: fc.constant(3),
      scope: fc.constant(253),
      type: fc.constant(1),
      flags: fc.constant(0),
      destination: ip,
      outputLinkIndex: index,
      gateway: ip,
      metric: u32,
      preferredSource: ip,
      otherAttributes,
    });
    fc.assert(
      fc.property(messages, (message) => {
        const { data, attrs } = oracle.parseRouteMessage(
          encoded(encodeRouteMessage(message, 'little')),
        );
        expect(data).toMatchObject({
          dstLen: message.destinationLength,
          srcLen: message.sourceLength,
          tos: message.tos,
          protocol: 'BOOT',
          scope: 'LINK',
          type: 'UNICAST',
        });
        expect(attrs.table ?? data.table).toBe(message.tableId);
        expect(attrs).toMatchObject({
          dst: message.destination,
          oif: message.outputLinkIndex,
          gateway: message.gateway,
          priority: message.metric,
          prefsrc: message.preferredSource,
        });
      }),
    );
  });

  test('addresses', () => {
    const messages = fc.record({
      family: fc.constant(family),
      prefixLength: u8,
      flags: fc.constant(0),
      scope: u8,
      linkIndex: index,
      address: ip,
      local: ip,
      label: linkName,
      broadcast: ip,
      otherAttributes,
    });
    fc.assert(
      fc.property(messages, (message) => {
        const { data, attrs } = oracle.parseAddressMessage(
          encoded(encodeAddressMessage(message, 'little')),
        );
        expect(data).toMatchObject({
          family,
          prefixlen: message.prefixLength,
          scope: message.scope,
          index: message.linkIndex,
        });
        expect(attrs).toMatchObject({
          address: message.address,
          local: message.local,
          label: message.label,
          broadcast: message.broadcast,
        });
      }),
    );
  });

  test('neighbours', () => {
    const messages = fc.record({
      family: fc.constant(family),
      linkIndex: index,
      state: fc.constant(0x80),
      flags: fc.constant(0),
      type: u8,
      address: ip,
      macBytes: mac,
      otherAttributes,
    });
    fc.assert(
      fc.property(messages, (message) => {
        const { data, attrs } = oracle.parseNeighborMessage(
          encoded(encodeNeighbourMessage(message, 'little')),
        );
        expect(data).toMatchObject({
          family,
          ifindex: message.linkIndex,
          state: { permanent: true },
          type: message.type,
        });
        expect(attrs).toMatchObject({ dst: message.address, lladdr: message.macBytes });
      }),
    );
  });
});

test('an independent codec reads links', () => {
  const messages = fc.record({
    family: fc.constant(0),
    deviceType: fc.nat(0xffff),
    index,
    flags: fc.constant(1),
    changeMask: fc.constant(1),
    name: linkName,
    macBytes: mac,
    mtuBytes: u32,
    transmitQueueLength: u32,
    group: u32,
    netnsFd: u32,
    info: fc.constant({ kind: 'veth', data: Buffer.alloc(4), otherAttributes: [] }),
    otherAttributes,
  });
  fc.assert(
    fc.property(messages, (message) => {
      const { data, attrs } = oracle.parseLinkMessage(
        encoded(encodeLinkMessage(message, 'little')),
      );
      expect(data).toMatchObject({ index: message.index, flags: { up: true } });
      expect(attrs).toMatchObject({
        ifname: message.name,
        address: message.macBytes,
        mtu: message.mtuBytes,
        txqlen: message.transmitQueueLength,
        group: message.group,
        netNsFd: message.netnsFd,
      });
    }),
  );
});
