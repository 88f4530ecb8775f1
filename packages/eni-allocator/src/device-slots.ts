import type { InstanceId } from './ec2-ids.ts';
import { EniAllocatorError } from './eni-allocator-error.ts';
import { type InstanceLimits, networkCardsOf } from './instance-limits.ts';
import type { DeviceSlot } from './ports.ts';

/** Device numbers EC2 accepts on each card; how many of them may be used is the type's limit. */
const MAX_DEVICE_NUMBER = 99;

/**
 * The smallest device number of the card that no slot of `used` has, or `undefined` when there is
 * none. Slots on other cards do not matter: device numbers count per card.
 */
export function freeDeviceNumber(
  used: readonly DeviceSlot[],
  networkCardIndex: number,
): number | undefined {
  const taken = new Set(
    used.filter((slot) => slot.networkCardIndex === networkCardIndex).map((s) => s.deviceNumber),
  );
  for (let deviceNumber = 0; deviceNumber <= MAX_DEVICE_NUMBER; deviceNumber += 1) {
    if (!taken.has(deviceNumber)) {
      return deviceNumber;
    }
  }
  return undefined;
}

/**
 * Which slots of the instance this process is filling, or has filled.
 *
 * What EC2 or the metadata service say lags behind, and several ENIs may be on their way at once:
 * without this, two of them would try for the same device number.
 */
export interface SlotBook {
  /**
   * Reserves a free slot of the card, next to those in `used`.
   *
   * @throws {EniAllocatorError} `invalid-request` for a card that the instance does not have,
   *   `eni-limit-reached` when the card is full.
   */
  reserve(used: readonly DeviceSlot[], networkCardIndex: number): DeviceSlot;
  /** The slot is free again, or never was ours. */
  release(slot: DeviceSlot): void;
  /** The slot holds an ENI of ours now, whether others show it already or not. */
  fill(slot: DeviceSlot): void;
  /** Forgets filled slots: `used` is about to come from EC2 itself. */
  forgetFilled(): void;
}

export function createSlotBook(
  instanceId: InstanceId,
  limitsNow: () => InstanceLimits | undefined,
): SlotBook {
  const slots = new Map<string, { readonly slot: DeviceSlot; readonly isFilled: boolean }>();
  const keyOf = (slot: DeviceSlot) => `${slot.networkCardIndex}/${slot.deviceNumber}`;

  return {
    reserve(used, networkCardIndex) {
      const all = new Map(used.map((slot) => [keyOf(slot), slot]));
      for (const [key, { slot }] of slots) {
        all.set(key, slot);
      }
      const onCard = [...all.values()].filter((slot) => slot.networkCardIndex === networkCardIndex);
      checkCard(instanceId, limitsNow(), networkCardIndex, onCard.length);
      const deviceNumber = freeDeviceNumber(onCard, networkCardIndex);
      if (deviceNumber === undefined) {
        throw cardFull(instanceId, networkCardIndex, onCard.length);
      }
      const slot = { networkCardIndex, deviceNumber };
      slots.set(keyOf(slot), { slot, isFilled: false });
      return slot;
    },
    release: (slot) => {
      slots.delete(keyOf(slot));
    },
    fill: (slot) => {
      slots.set(keyOf(slot), { slot, isFilled: true });
    },
    forgetFilled: () => {
      for (const [key, { isFilled }] of slots) {
        if (isFilled) {
          slots.delete(key);
        }
      }
    },
  };
}

function checkCard(
  instanceId: InstanceId,
  limits: InstanceLimits | undefined,
  networkCardIndex: number,
  eniCount: number,
): void {
  if (limits === undefined) {
    return;
  }
  const cards = networkCardsOf(limits);
  const card = cards.find((one) => one.networkCardIndex === networkCardIndex);
  if (card === undefined) {
    const known = cards.map((one) => one.networkCardIndex).join(', ');
    throw new EniAllocatorError(
      'invalid-request',
      `attaching an ENI to network card ${networkCardIndex} of ${instanceId}: it has no such card, only ${known}`,
      { facts: { instanceId, networkCardIndex } },
    );
  }
  if (eniCount >= card.maxEnis) {
    throw cardFull(instanceId, networkCardIndex, eniCount);
  }
}

const cardFull = (instanceId: InstanceId, networkCardIndex: number, eniCount: number) =>
  new EniAllocatorError(
    'eni-limit-reached',
    `attaching an ENI to network card ${networkCardIndex} of ${instanceId}: ` +
      `it holds ${eniCount} ENIs already; free one or use a larger instance type`,
    { facts: { instanceId, networkCardIndex, eniCount } },
  );
