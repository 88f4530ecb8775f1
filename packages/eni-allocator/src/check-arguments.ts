import type { AllocateEniRequest } from './allocate-eni.ts';

/** @throws {TypeError} when the request makes no sense, whatever EC2 holds. */
export function checkAllocateEniRequest(request: AllocateEniRequest): void {
  const { addressCount, prefixCount, networkCardIndex = 0, clientToken } = request;
  if (addressCount !== undefined && prefixCount !== undefined) {
    throw new TypeError('allocateEni: expected addressCount or prefixCount, received both');
  }
  if (prefixCount === undefined) {
    checkCount('addressCount', addressCount, 0);
  } else {
    checkCount('prefixCount', prefixCount, 0);
  }
  checkCount('networkCardIndex', networkCardIndex, 0);
  if (clientToken !== undefined) {
    checkClientToken(clientToken);
  }
}

/** @throws {TypeError} when the value is no integer of at least `minimum`. */
export function checkCount(name: string, value: number | undefined, minimum: number): void {
  if (value === undefined || !Number.isSafeInteger(value) || value < minimum) {
    throw new TypeError(`${name}: expected an integer of at least ${minimum}, received ${value}`);
  }
}

/** EC2 takes 64 characters; four of them are for the number of the subnet that is tried. */
function checkClientToken(token: string): void {
  if (!/^[!-~]{1,60}$/.test(token)) {
    throw new TypeError(
      `clientToken: expected 1 to 60 visible ASCII characters, received ${JSON.stringify(token)}`,
    );
  }
}
