import type { MetadataReader } from './metadata-reader.ts';
import { parseText } from './metadata-text.ts';
import type { RequestOptions } from './read-options.ts';

/** What an instance is told about its end before it comes. Nothing of it means that it stays. */
export interface InstanceNotices {
  /** EC2 takes the spot instance back, about two minutes from the notice. */
  readonly spotInterruption?: {
    /** `terminate`, `stop` or `hibernate`. */
    readonly action: string;
    /** Unix milliseconds. */
    readonly atMs: number;
  };
  /** When EC2 saw a raised risk of an interruption, Unix milliseconds. */
  readonly rebalanceRecommendedAtMs?: number;
  /** The state that Auto Scaling is bringing the instance to, `Terminated` for instance. */
  readonly targetLifecycleState?: string;
}

/**
 * The notices as they are now; each has a path of its own that does not exist without it.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
 * @see https://docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html
 */
export async function readInstanceNotices(
  reader: MetadataReader,
  options: RequestOptions,
): Promise<InstanceNotices> {
  const [spotInterruption, rebalanceRecommendedAtMs, targetLifecycleState] = await Promise.all([
    reader.readIfPresent('meta-data/spot/instance-action', parseInterruption, options),
    reader.readIfPresent('meta-data/events/recommendations/rebalance', parseNotice, options),
    reader.readIfPresent('meta-data/autoscaling/target-lifecycle-state', parseText, options),
  ]);
  return {
    ...(spotInterruption === undefined ? {} : { spotInterruption }),
    ...(rebalanceRecommendedAtMs === undefined ? {} : { rebalanceRecommendedAtMs }),
    ...(targetLifecycleState === undefined ? {} : { targetLifecycleState }),
  };
}

function parseInterruption(text: string) {
  const { action, time } = JSON.parse(text) ?? {};
  if (typeof action !== 'string') {
    throw new TypeError('expected a document that names the action');
  }
  return { action, atMs: parseInstant(time) };
}

const parseNotice = (text: string) => parseInstant(JSON.parse(text)?.noticeTime);

function parseInstant(value: unknown): number {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new TypeError('expected a document that names the time');
  }
  return ms;
}
