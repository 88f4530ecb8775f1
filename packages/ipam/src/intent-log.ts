import { totalOf } from './address-record.ts';
import type { AddressTable } from './address-table.ts';
import type { Ec2Block } from './ec2-block.ts';
import type { Ec2Intent } from './ec2-intent.ts';
import type { EniId } from './eni-description.ts';
import type { EniInventory } from './eni-inventory.ts';
import { isPrefix } from './ip-prefix.ts';

/** The intents that have not come to their end, those of an earlier process among them. */
export class IntentLog {
  readonly #open = new Map<string, Ec2Intent>();
  readonly #inherited = new Set<string>();

  begin(intent: Ec2Intent): void {
    this.#open.set(intent.intentId, intent);
    this.#inherited.delete(intent.intentId);
  }

  /** @returns the intent, if it was open. */
  end(intentId: string): Ec2Intent | undefined {
    const intent = this.#open.get(intentId);
    this.#open.delete(intentId);
    this.#inherited.delete(intentId);
    return intent;
  }

  inherit(intents: readonly Ec2Intent[]): void {
    for (const intent of intents) {
      if (!this.#open.has(intent.intentId)) {
        this.#open.set(intent.intentId, intent);
        this.#inherited.add(intent.intentId);
      }
    }
  }

  all(): readonly Ec2Intent[] {
    return [...this.#open.values()];
  }

  /**
   * Drains what an earlier process had promised to EC2 when it died: EC2 may have taken it back, or may
   * do so any moment. What is reserved or cooling is left as it is.
   */
  keepPromises(table: AddressTable, inventory: EniInventory): void {
    for (const intentId of this.#inherited) {
      const intent = this.#open.get(intentId);
      if (intent?.kind === 'unassign') {
        drainFree(intent.eniId, intent.blocks, { table, inventory });
      } else if (intent?.kind === 'delete-eni') {
        const eni = table.eni(intent.eniId);
        const blocks = eni === undefined ? [] : [...eni.addresses.keys(), ...eni.prefixes.keys()];
        drainFree(intent.eniId, blocks, { table, inventory });
      }
    }
  }
}

function drainFree(
  eniId: EniId,
  blocks: readonly Ec2Block[],
  { table, inventory }: { readonly table: AddressTable; readonly inventory: EniInventory },
): void {
  const eni = table.eni(eniId);
  const isFree = (block: Ec2Block) => {
    if (!isPrefix(block)) return eni?.addresses.get(block)?.state === 'free';
    const counts = eni?.prefixes.get(block)?.counts;
    return counts !== undefined && counts.free === totalOf(counts);
  };
  inventory.drain(eniId, blocks.filter(isFree));
}
