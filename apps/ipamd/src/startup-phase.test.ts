import { expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import { createPhaseRunner, type StartupPhase } from './startup-phase.ts';

test('a phase is repeated until it succeeds, and names what holds it up', async () => {
  const clock = createFakeClock();
  const seen: StartupPhase[] = [];
  const { run } = createPhaseRunner({
    clock,
    signal: new AbortController().signal,
    onPhase: (phase) => seen.push(phase),
  });
  let attempts = 0;
  const running = run('reading metadata', async () => {
    attempts += 1;
    if (attempts < 3) throw new Error('connect ECONNREFUSED');
    return 'i-1';
  });
  await clock.advance(250 + 500);
  expect(await running).toBe('i-1');
  expect(seen).toEqual([
    { name: 'reading metadata' },
    { name: 'reading metadata', failure: 'connect ECONNREFUSED' },
    { name: 'reading metadata', failure: 'connect ECONNREFUSED' },
  ]);
});

test('the wait between attempts never exceeds five seconds', async () => {
  const clock = createFakeClock();
  let attempts = 0;
  const { run } = createPhaseRunner({
    clock,
    signal: new AbortController().signal,
    onPhase: () => {},
  });
  void run('reading metadata', async () => {
    attempts += 1;
    throw new Error('away');
  });
  await clock.advance(60_000);
  expect(attempts).toBeGreaterThan(12);
});

test('ends with the daemon', async () => {
  const clock = createFakeClock();
  const ending = new AbortController();
  const { run } = createPhaseRunner({ clock, signal: ending.signal, onPhase: () => {} });
  const running = run('reading metadata', () => Promise.reject(new Error('away')));
  await clock.advance(100);
  ending.abort(new Error('ended by SIGTERM'));
  await expect(running).rejects.toThrow('ended by SIGTERM');
});
