import { array, eniId, garbled, integer, object, text } from './checkpoint-members.ts';
import type { Ec2Block } from './ec2-block.ts';
import type { Ec2Intent } from './ec2-intent.ts';
import { isIpAddress } from './ip-address.ts';
import { isIpPrefix } from './ip-prefix.ts';

/** Intents are written as they are, in whole milliseconds: clocks may have more to say. */
export const encodeIntents = (intents: readonly Ec2Intent[]): string =>
  JSON.stringify(intents.map((intent) => ({ ...intent, atMs: Math.trunc(intent.atMs) })));

/** @returns `undefined` for a kind that this release does not know. */
export function decodeIntent(value: unknown, at: string): Ec2Intent | undefined {
  const entry = object(value, at);
  const intentId = text(entry['intentId'], `${at}.intentId`);
  const base = { intentId, atMs: integer(entry['atMs'], `${at}.atMs`) };
  const kind = text(entry['kind'], `${at}.kind`);
  const whole = (name: string) => integer(entry[name], `${at}.${name}`);
  const onEni = () => ({ ...base, eniId: eniId(entry['eniId'], `${at}.eniId`) });
  switch (kind) {
    case 'create-eni':
      return {
        ...base,
        kind,
        clientToken: text(entry['clientToken'], `${at}.clientToken`),
        networkCardIndex: whole('networkCardIndex'),
      };
    case 'attach-eni':
      return {
        ...onEni(),
        kind,
        networkCardIndex: whole('networkCardIndex'),
        deviceNumber: whole('deviceNumber'),
      };
    case 'assign-addresses':
    case 'assign-prefixes':
      return { ...onEni(), kind, count: whole('count') };
    case 'unassign':
      return { ...onEni(), kind, blocks: blocks(entry['blocks'], `${at}.blocks`) };
    case 'delete-eni':
      return { ...onEni(), kind };
    default:
      return undefined;
  }
}

const blocks = (value: unknown, at: string): readonly Ec2Block[] =>
  array(value, at).map((one, index) => decodeBlock(one, `${at}[${index}]`));

export function decodeBlock(value: unknown, at: string): Ec2Block {
  const found = text(value, at);
  if (!isIpAddress(found) && !isIpPrefix(found)) {
    throw garbled(`${at} is neither an address nor a /28 or /80`, { at, found });
  }
  return found;
}
