/**
 * Gives each caller a turn of the event loop of its own: the first at once, those that come meanwhile in
 * order. So many short synchronous jobs that come together do not add up to a long one.
 */
export function createTurns(): () => Promise<void> {
  const waiting: (() => void)[] = [];
  let isTaken = false;
  const endTurn = () => {
    const next = waiting.shift();
    isTaken = next !== undefined;
    if (next === undefined) return;
    next();
    setImmediate(endTurn);
  };
  return () => {
    if (isTaken) return new Promise((resolve) => waiting.push(resolve));
    isTaken = true;
    setImmediate(endTurn);
    return Promise.resolve();
  };
}
