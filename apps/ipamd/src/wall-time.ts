import type { Checkpoint } from '@vpc-cni/ipam';

/**
 * A checkpoint with its releases in the machine's time of day: the next process reads that clock, and
 * this one's may have fallen behind it since the start.
 */
export function inWallTime(
  checkpoint: Checkpoint,
  clock: { nowMs(): number },
  wallNowMs: number,
): Checkpoint {
  // Up, so that no rest gets shorter; the wall clock has whole milliseconds only.
  const lagMs = Math.ceil(wallNowMs - clock.nowMs());
  if (lagMs === 0) return checkpoint;
  return {
    ...checkpoint,
    recentReleases: checkpoint.recentReleases.map((release) => ({
      ...release,
      releasedAtMs: release.releasedAtMs + lagMs,
    })),
  };
}
