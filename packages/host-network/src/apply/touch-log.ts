import type { PodAttachment } from '../desired/settings.ts';

/** A pod by what its rules are about. */
export type TouchedPod = Pick<PodAttachment, 'address'>;

/** Tells a pass that looked at pods which of them changed under its eyes. */
export interface TouchLog {
  /** A pod is about to be set up, torn down or routed. */
  touch(pod: TouchedPod): void;
  /** Starts to watch, until `end`. */
  watch(): { readonly wasTouched: (pod: TouchedPod) => boolean; readonly end: () => void };
}

export function createTouchLog(): TouchLog {
  const watches = new Set<Set<string>>();
  return {
    touch: ({ address }) => {
      for (const seen of watches) seen.add(address);
    },
    watch: () => {
      const seen = new Set<string>();
      watches.add(seen);
      return {
        wasTouched: ({ address }) => seen.has(address),
        end: () => watches.delete(seen),
      };
    },
  };
}
