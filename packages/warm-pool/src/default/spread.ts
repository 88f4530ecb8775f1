import type { Work } from '../action.ts';
import type { GrowthReason } from '../action-reason.ts';
import { assignment, type Unit } from '../assignment.ts';
import type { Refusal } from '../refusal.ts';
import type { Card } from './card.ts';
import { type CountedEni, isGrowable } from './counted-eni.ts';
import type { Subnets } from './subnets.ts';

/** Where growth may go, and why there is any. */
export interface Places {
  readonly card: Card;
  readonly subnets: Subnets;
  readonly reason: GrowthReason;
}

/** How far an order of addresses or prefixes got. */
export interface SpreadOutcome {
  /** Units for which no place was found. */
  readonly missingCount: number;
  /** Slots that stay empty because their subnet has nothing for them. */
  readonly deniedCount: number;
  /** Of the subnets that denied, one has single addresses all the same. */
  readonly isFragmented: boolean;
}

/** Growth of one card while it is being spread over its ENIs; an ENI gets one action. */
export class Spread {
  readonly actions: Work[] = [];
  readonly refusals: Refusal[] = [];
  /** Addresses asked for, and those that busy ENIs will have room for. */
  obtainedCount = 0;
  readonly #places: Places;
  /** Slots that actions of this plan use. */
  readonly #newSlots = new Map<CountedEni, number>();
  #comingSlots: number;
  #eniSlots: number;

  constructor(places: Places) {
    const { eniLimit, eniCount, coming, slotsPerEni } = places.card;
    this.#places = places;
    this.#comingSlots = coming.eniCount * slotsPerEni - coming.eniSlots;
    this.#eniSlots = eniLimit - eniCount - coming.eniCount;
  }

  /** ENIs of the card, those on their way and those now asked for included. */
  get eniCount(): number {
    return this.#places.card.eniLimit - this.#eniSlots;
  }

  /**
   * Finds places for `wanted` units on the ENIs there are, on those being created, and on new ones.
   *
   * @param most units to take where whole ENIs are filled; `wanted` = exactly that.
   */
  over(unit: Unit, wanted: number, most: number): SpreadOutcome {
    const order = new Order(unit, wanted, most, this.#places);
    for (const eni of this.#places.card.enis) {
      if (order.missingCount === 0) {
        break;
      }
      if (isGrowable(eni)) {
        this.#grow(eni, order);
      }
    }
    this.#awaitComingEnis(order);
    this.#createEnis(order);
    return order;
  }

  #grow(eni: CountedEni, order: Order): void {
    const { subnetId } = eni.eni;
    const newSlots = this.#newSlots.get(eni) ?? 0;
    const slots = this.#places.card.slotsPerEni - eni.usedSlots - newSlots;
    const count = order.takeIn(subnetId, slots);
    if (count === 0) {
      return;
    }
    this.obtainedCount += count * order.size;
    const { eniId } = eni;
    if (eni.isBusy || newSlots > 0) {
      this.refusals.push({ reason: 'in-flight', missingCount: count * order.size, eniId });
      return;
    }
    const { subnets, reason } = this.#places;
    this.#newSlots.set(eni, count);
    subnets.take(subnetId, count * order.size);
    this.actions.push(assignment(order.unit, eniId, count, reason));
  }

  #awaitComingEnis(order: Order): void {
    const count = order.take(this.#comingSlots);
    if (count > 0) {
      this.#comingSlots -= count;
      this.obtainedCount += count * order.size;
      this.refusals.push({ reason: 'in-flight', missingCount: count * order.size });
    }
  }

  #createEnis(order: Order): void {
    const { card, subnets, reason } = this.#places;
    const { networkCardIndex, slotsPerEni } = card;
    while (this.#eniSlots > 0 && order.missingCount > 0) {
      const place = subnets.forNewEni(order.unit);
      if (place === undefined) {
        order.deny(this.#eniSlots * slotsPerEni, subnets.forNewEni('address') !== undefined);
        return;
      }
      const { subnetId, roomCount } = place;
      const room = Math.floor(roomCount / order.size);
      const count = order.take(Math.min(slotsPerEni, room));
      if (count === 0) {
        return; // an instance type whose ENIs have no address for pods
      }
      if (room < slotsPerEni) {
        order.deny(slotsPerEni - room, roomCount > room * order.size);
      }
      this.#eniSlots -= 1;
      this.obtainedCount += count * order.size;
      subnets.take(subnetId, count * order.size + 1);
      const inSubnet = subnetId === undefined ? {} : { subnetId };
      const onCard = networkCardIndex === 0 ? {} : { networkCardIndex };
      this.actions.push(
        order.unit === 'prefix'
          ? {
              kind: 'create-eni-with-prefixes',
              prefixCount: count,
              networkCardIndex,
              ...inSubnet,
              reason,
            }
          : { kind: 'create-eni', addressCount: count, ...onCard, ...inSubnet, reason },
      );
    }
  }
}

/** Units that are still to be had. */
class Order implements SpreadOutcome {
  readonly unit: Unit;
  /** Addresses of a unit. */
  readonly size: number;
  missingCount: number;
  deniedCount = 0;
  isFragmented = false;
  #limit: number;
  readonly #fillsEnis: boolean;
  readonly #subnets: Subnets;

  constructor(unit: Unit, wanted: number, most: number, { card, subnets }: Places) {
    this.unit = unit;
    this.size = unit === 'prefix' ? card.prefixSize : 1;
    this.missingCount = wanted;
    this.#limit = most;
    this.#fillsEnis = most !== wanted;
    this.#subnets = subnets;
  }

  /** How many of `slots` empty slots to use, as far as the subnet has something for them. */
  takeIn(subnetId: string | undefined, slots: number): number {
    if (this.missingCount === 0 || slots <= 0) {
      return 0;
    }
    const addressRoom = this.#subnets.addressRoom(subnetId);
    const room = this.unit === 'prefix' ? this.#subnets.prefixRoom(subnetId) : addressRoom;
    if (room < slots) {
      this.deny(slots - room, addressRoom > 0);
    }
    return this.take(Math.min(slots, room));
  }

  /** How many of `room` places to use. */
  take(room: number): number {
    if (this.missingCount === 0 || room <= 0) {
      return 0;
    }
    const count = Math.min(room, this.#fillsEnis ? this.#limit : this.missingCount);
    this.missingCount = Math.max(0, this.missingCount - count);
    this.#limit -= count;
    return count;
  }

  deny(slots: number, isFragmented: boolean): void {
    this.deniedCount += slots;
    this.isFragmented ||= this.unit === 'prefix' && isFragmented;
  }
}
