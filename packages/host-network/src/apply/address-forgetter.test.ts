import { beforeEach, expect, test } from '@jest/globals';
import type { IpAddress } from '../ip.ts';
import type { LearnedNeighbour } from '../netlink/neighbour.ts';
import { AddressForgetter } from './address-forgetter.ts';

let forgotten: (readonly IpAddress[])[];
let forgottenTo: (readonly IpAddress[])[];
let learned: LearnedNeighbour[];
let links: PromiseWithResolvers<void>;
let forgetter: AddressForgetter;

const turn = () => new Promise(setImmediate);

beforeEach(() => {
  forgotten = [];
  forgottenTo = [];
  learned = [];
  links = Promise.withResolvers<void>();
  forgetter = new AddressForgetter({
    conntrack: {
      forget: async (addresses) => {
        if (addresses.length > 0) forgotten.push(addresses);
      },
      forgetFlowsTo: async (addresses) => {
        forgottenTo.push(addresses);
      },
    },
    neighbours: {
      listLearned: async (family) =>
        learned.filter(({ address }) => address.includes(':') === (family === 'ipv6')),
      forget: (entry) => {
        learned = learned.filter((other) => other !== entry);
        return true;
      },
    },
    linksGone: () => links.promise,
  });
});

test('what is handed out is forgotten at once, as far as it leads there', async () => {
  await forgetter.arrive('10.0.0.1');
  expect(forgottenTo).toEqual([['10.0.0.1']]);
  expect(forgotten).toEqual([]);
});

test('what leaves is forgotten when the links are gone, all together', async () => {
  const other = { address: '10.0.0.3', linkIndex: 2 } as const;
  learned = [{ address: '10.0.0.1', linkIndex: 2 }, other, { address: '2600::2', linkIndex: 3 }];
  forgetter.leave('10.0.0.1');
  forgetter.leave('2600::2');
  await turn();
  expect(forgotten).toEqual([]);
  links.resolve();
  await forgetter.settled();
  expect(forgotten).toEqual([['10.0.0.1', '2600::2']]);
  expect(learned).toEqual([other]);
});

test('what was handed out again meanwhile is left to its new holder', async () => {
  learned = [{ address: '10.0.0.1', linkIndex: 2 }];
  forgetter.leave('10.0.0.1');
  await turn();
  await forgetter.arrive('10.0.0.1');
  links.resolve();
  await forgetter.settled();
  expect(forgotten).toEqual([]);
  expect(forgottenTo).toEqual([['10.0.0.1']]);
  expect(learned).toHaveLength(1);
});

test('an address is the same in any spelling', async () => {
  learned = [{ address: '2600::a', linkIndex: 3 }];
  forgetter.leave('2600:0::A');
  links.resolve();
  await forgetter.settled();
  expect(learned).toEqual([]);
});

test('a failure is told to whoever waits', async () => {
  forgetter.leave('10.0.0.1');
  const told = expect(forgetter.settled()).rejects.toThrow('no');
  await turn();
  links.reject(new Error('no'));
  await told;
});
