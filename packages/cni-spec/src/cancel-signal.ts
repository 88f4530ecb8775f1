/**
 * The platform's `AbortSignal` wherever the program that is compiled has one (Node, browsers), and
 * otherwise the part of it that is needed here: this package names no platform.
 */
export type CancelSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } }
  ? Signal
  : {
      readonly aborted: boolean;
      readonly reason: unknown;
      addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
      removeEventListener(type: 'abort', listener: () => void): void;
    };

declare const AbortController: new () => { readonly signal: CancelSignal };

/** A signal that never fires. */
export const neverCancelled = (): CancelSignal => new AbortController().signal;
