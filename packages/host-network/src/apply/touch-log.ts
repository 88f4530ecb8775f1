import { addressesOf, type PodToTearDown } from '../desired/settings.ts';

/** Tells a pass that looked at pods and ENIs which of them changed under its eyes. */
export interface TouchLog {
  /** What has one of these names (address, link, MAC) is about to be set up, torn down or routed. */
  touch(...names: readonly string[]): void;
  /** Starts to watch, until `end`. */
  watch(): TouchWatch;
}

export interface TouchWatch {
  /** True when something of one of these names was touched since the watch began. */
  wasTouched(...names: readonly string[]): boolean;
  end(): void;
}

export function createTouchLog(): TouchLog {
  const watches = new Set<Set<string>>();
  return {
    touch: (...names) => {
      for (const seen of watches) for (const name of names) seen.add(name);
    },
    watch: () => {
      const seen = new Set<string>();
      watches.add(seen);
      return {
        wasTouched: (...names) => names.some((name) => seen.has(name)),
        end: () => {
          watches.delete(seen);
        },
      };
    },
  };
}

/** What a pod's rules, and those of its former or next sandbox, are about. */
export const namesOf = (
  pod: Pick<PodToTearDown, 'address' | 'secondAddress' | 'hostLinkName'>,
): readonly string[] => [...addressesOf(pod), pod.hostLinkName];
