import type { Clock } from './clock.ts';

/** The token that every request of an IMDSv2 session carries. */
export interface SessionToken {
  /** The current token; asks for one when there is none or it is about to expire. */
  get(): Promise<string>;
  /** Drops the token, if it is still the current one: the service refused it. */
  forget(token: string): void;
}

/** The longest life that a token can have: six hours. */
export const TOKEN_LIFE_SECONDS = 21_600;

/** A token is replaced a while before its end. */
const RENEW_AFTER_MS = 5.5 * 60 * 60 * 1000;

export function createSessionToken(fetchToken: () => Promise<string>, clock: Clock): SessionToken {
  let current: { readonly token: Promise<string>; readonly renewAtMs: number } | undefined;
  let settled: string | undefined;

  const renew = () => {
    const token = fetchToken();
    const mine = { token, renewAtMs: clock.nowMs() + RENEW_AFTER_MS };
    current = mine;
    token.then(
      (value) => {
        settled = value;
      },
      () => {
        // The next reader asks again.
        if (current === mine) {
          current = undefined;
        }
      },
    );
    return token;
  };

  return {
    get: () =>
      current === undefined || clock.nowMs() >= current.renewAtMs ? renew() : current.token,
    forget(token) {
      if (settled === token) {
        current = undefined;
        settled = undefined;
      }
    },
  };
}
