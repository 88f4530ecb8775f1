/**
 * Gives each caller a turn of the event loop, to a few of them the same: the first at once, those that come
 * meanwhile in order. So many short synchronous jobs that come together do not add up to a long one.
 *
 * @param perTurn how many share a turn.
 */
export function createTurns(perTurn: number): () => Promise<void> {
  const waiting: (() => void)[] = [];
  let takenCount = 0;
  const endTurn = () => {
    const next = waiting.splice(0, perTurn);
    takenCount = next.length;
    if (takenCount === 0) return;
    for (const begin of next) begin();
    setImmediate(endTurn);
  };
  return () => {
    if (takenCount === perTurn) return new Promise((resolve) => waiting.push(resolve));
    takenCount += 1;
    if (takenCount === 1) setImmediate(endTurn);
    return Promise.resolve();
  };
}
