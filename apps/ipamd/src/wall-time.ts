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
  const lagMs = Math.round(wallNowMs - clock.nowMs());
  return {
    ...checkpoint,
    recentReleases: checkpoint.recentReleases.map((release) => ({
      ...release,
      releasedAtMs: release.releasedAtMs + lagMs,
    })),
  };
}
