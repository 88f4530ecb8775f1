import type { AddressTable } from './address-table.ts';
import { array, eniId, integer, object, text } from './checkpoint-members.ts';
import type { Ec2Block } from './ec2-block.ts';
import type { EniId, EniRole } from './eni-description.ts';
import { decodeBlock } from './intent-codec.ts';

/** An ENI as the book had it when the checkpoint was written, for a start while EC2 does not answer. */
export interface RememberedEni {
  readonly eniId: EniId;
  readonly deviceNumber: number;
  readonly networkCardIndex: number;
  readonly role: EniRole;
  /** All but those that were promised to EC2. */
  readonly blocks: readonly Ec2Block[];
}

export const rememberedEnis = (table: AddressTable): readonly RememberedEni[] =>
  [...table.enis()].map(({ description, addresses, prefixes }) => ({
    eniId: description.eniId,
    deviceNumber: description.deviceNumber,
    networkCardIndex: description.networkCardIndex,
    role: description.role ?? 'ordinary',
    blocks: [
      ...[...addresses.values()]
        .filter(({ state }) => state !== 'draining')
        .map(({ address }) => address),
      ...[...prefixes.values()]
        .filter(({ counts }) => counts.draining === 0)
        .map(({ prefix }) => prefix),
    ],
  }));

/** Written as they are. */
export const encodeRememberedEnis = (enis: readonly RememberedEni[]): string =>
  JSON.stringify(enis);

const ROLES: readonly string[] = ['ordinary', 'excluded', 'trunk', 'efa'] satisfies EniRole[];

const isRole = (word: string): word is EniRole => ROLES.includes(word);

/** A role that this release does not know serves no new pods. */
export function decodeRememberedEni(value: unknown, at: string): RememberedEni {
  const entry = object(value, at);
  const role = text(entry['role'], `${at}.role`);
  return {
    eniId: eniId(entry['eniId'], `${at}.eniId`),
    deviceNumber: integer(entry['deviceNumber'], `${at}.deviceNumber`),
    networkCardIndex: integer(entry['networkCardIndex'], `${at}.networkCardIndex`),
    role: isRole(role) ? role : 'excluded',
    blocks: array(entry['blocks'], `${at}.blocks`).map((one, index) =>
      decodeBlock(one, `${at}.blocks[${index}]`),
    ),
  };
}
