import { Ec2Error } from '../cloud/ec2-error.ts';

const MAX_TOKENS = 10_000;

/** Remembers which client token created what, so that a repeated request creates nothing new. */
export class ClientTokens {
  readonly #uses = new Map<string, { readonly request: string; readonly resourceId: string }>();

  /**
   * The resource that a token has created, if it has.
   *
   * @throws {Ec2Error} `IdempotentParameterMismatch` when the token came with another request.
   */
  find(token: string, request: object): string | undefined {
    const use = this.#uses.get(token);
    if (use !== undefined && use.request !== JSON.stringify(request)) {
      throw new Ec2Error(
        'IdempotentParameterMismatch',
        `The client token '${token}' was used before with different parameters.`,
      );
    }
    return use?.resourceId;
  }

  remember(token: string, request: object, resourceId: string): void {
    this.#uses.set(token, { request: JSON.stringify(request), resourceId });
    if (this.#uses.size > MAX_TOKENS) {
      const [oldest] = this.#uses.keys();
      this.#uses.delete(oldest ?? token);
    }
  }
}
