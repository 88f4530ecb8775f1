import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { createGate } from './gate.ts';

/** Everybody comes, and wants to enter as soon as they say. */
function visit(gate: ReturnType<typeof createGate>, log: string[]) {
  return (name: string) => {
    gate.arrive();
    return () =>
      gate.enter().then(() => {
        log.push(name);
      });
  };
}

test('who is alone enters at once', async () => {
  const log: string[] = [];
  const gate = createGate();
  void visit(gate, log)('a')();
  await Promise.resolve();
  await Promise.resolve();
  expect(log).toEqual(['a']);
});

test('who came after the last has gone enters at once', async () => {
  const log: string[] = [];
  const gate = createGate();
  await visit(gate, log)('a')();
  gate.leave();
  void visit(gate, log)('b')();
  await Promise.resolve();
  await Promise.resolve();
  expect(log).toEqual(['a', 'b']);
});

test('while somebody is in, those who come one per turn enter together, in order', async () => {
  const log: string[] = [];
  const gate = createGate();
  const come = visit(gate, log);
  await come('a')();
  for (const name of ['b', 'c', 'd']) {
    const enter = come(name);
    void enter();
    expect(log).toEqual(['a']);
    await nextTurn();
  }
  await nextTurn();
  expect(log).toEqual(['a', 'b', 'c', 'd']);
});

test('who has come and not asked yet is waited for during one turn only', async () => {
  const log: string[] = [];
  const gate = createGate();
  const come = visit(gate, log);
  await come('a')();
  void come('b')();
  come('silent');
  await nextTurn();
  expect(log).toEqual(['a']);
  await nextTurn();
  expect(log).toEqual(['a', 'b']);
});

test('a full group waits for nobody', async () => {
  const log: string[] = [];
  const gate = createGate(2);
  const come = visit(gate, log);
  await come('a')();
  void come('b')();
  void come('c')();
  come('silent');
  await nextTurn();
  expect(log).toEqual(['a', 'b', 'c']);
});

test('those who come after a group form the next', async () => {
  const log: string[] = [];
  const gate = createGate();
  const come = visit(gate, log);
  await come('a')();
  await Promise.all([come('b')(), come('c')()]);
  await Promise.all([come('d')(), come('e')()]);
  expect(log).toEqual(['a', 'b', 'c', 'd', 'e']);
});
