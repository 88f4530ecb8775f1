import { openNetlink } from '@vpc-cni/host-network';

/** Between the rules to pods and those from pods, where the kernel cannot skip them. */
const PRIORITY = 1_000;
const MAIN_TABLE = 254;

/** Runs `work` on a host that has this many rules of somebody else's. */
export async function withForeignRules(count: number, work: () => Promise<void>): Promise<void> {
  const host = openNetlink();
  for (let n = 0; n < count; n++) {
    host.rules.ensure({
      priority: PRIORITY,
      to: `10.200.${n >> 8}.${n & 255}`,
      tableId: MAIN_TABLE,
    });
  }
  try {
    await work();
  } finally {
    host.rules.deleteAll({ priority: PRIORITY });
    host.close();
  }
}
