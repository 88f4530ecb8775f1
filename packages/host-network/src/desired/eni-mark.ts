import { MAIN_TABLE } from '../netlink/route.ts';

/** Route tables of ENIs on cards other than 0 start here, a hundred for each card. */
const FIRST_CARD_TABLE = 10_000;
const TABLES_PER_CARD = 100;
/** No instance type has more ENIs on one card. */
const ENIS_PER_CARD = 16;

/**
 * The mark of connections that came in by an ENI: its number among the node's, in the bits of `mask`.
 *
 * @throws {TypeError} when the mask has too few bits for it.
 */
export function eniMark(routeTableId: number, mask: number): number {
  const number = eniNumber(routeTableId);
  const lowestBit = (mask & -mask) >>> 0;
  const mark = number * lowestBit;
  if (number > 0 && (mark & mask) >>> 0 === mark) return mark;
  throw new TypeError(
    `eniMarkMask 0x${(mask >>> 0).toString(16)} has no room for ENI ${number} (table ${routeTableId}): use more bits, next to each other`,
  );
}

function eniNumber(routeTableId: number): number {
  if (routeTableId === MAIN_TABLE) return 0;
  if (routeTableId < FIRST_CARD_TABLE) return routeTableId - 1;
  const place = routeTableId - FIRST_CARD_TABLE;
  return Math.floor(place / TABLES_PER_CARD) * ENIS_PER_CARD + (place % TABLES_PER_CARD);
}
