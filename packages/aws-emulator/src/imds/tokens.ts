import { createHmac, timingSafeEqual } from 'node:crypto';

/** The longest life of a metadata token: six hours. */
export const MAX_TTL_SECONDS = 21_600;

/**
 * IMDSv2 session tokens that need no memory: a token carries its instance and its end, signed.
 * (The SDK fetches a new token for every request; a table of them would grow for hours.)
 */
export class ImdsTokens {
  readonly #secret: string;
  #count = 0;

  constructor(secret: string) {
    this.#secret = secret;
  }

  issue(instanceId: string, ttlSeconds: number, nowMs: number): string {
    this.#count += 1;
    const claim = `${instanceId}|${nowMs + ttlSeconds * 1000}|${this.#count}`;
    return `${Buffer.from(claim).toString('base64url')}.${this.#sign(claim)}`;
  }

  /** Whether a token was issued to this instance and has not expired. */
  isValid(token: string, instanceId: string, nowMs: number): boolean {
    const [encoded = '', signature = ''] = token.split('.');
    const claim = Buffer.from(encoded, 'base64url').toString();
    const expected = Buffer.from(this.#sign(claim));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      return false;
    }
    const [holder, expiresAtMs] = claim.split('|');
    return holder === instanceId && nowMs < Number(expiresAtMs);
  }

  #sign(claim: string): string {
    return createHmac('sha256', this.#secret).update(claim).digest('base64url');
  }
}

/** The life that a token request asks for, or `undefined` when it is not within 1–21600 s. */
export function parseTtlSeconds(header: string | undefined): number | undefined {
  const seconds = header !== undefined && /^\d{1,5}$/.test(header.trim()) ? Number(header) : 0;
  return seconds >= 1 && seconds <= MAX_TTL_SECONDS ? seconds : undefined;
}
