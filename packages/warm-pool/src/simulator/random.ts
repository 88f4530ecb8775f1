/** The next number from 0 up to, not including, 1. */
export type Random = () => number;

/**
 * A reproducible series of random numbers: the same seed gives the same series, on every machine.
 *
 * Marsaglia's xorshift with 32 bits of state: far from cryptography, but even enough for arrivals
 * and jitter.
 *
 * @param seed any number; its whole part counts.
 */
export function createRandom(seed: number): Random {
  // Neighbouring seeds must not start alike, and a state of zero would stay zero for ever.
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  next();
  return next;
}

/** A waiting time with this mean, as of events that know nothing of each other. */
export const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - random());
