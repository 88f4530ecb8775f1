/** The six bytes of a hardware address written as `0a:11:22:33:44:01`. @throws {TypeError} for any other text. */
export function macBytes(mac: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac)) {
    throw new TypeError(
      `a hardware address such as 0a:11:22:33:44:01 was expected, not ${JSON.stringify(mac.slice(0, 80))}`,
    );
  }
  return Uint8Array.from(mac.split(':'), (pair) => Number.parseInt(pair, 16));
}

/** Lower-case hexadecimal pairs, as the kernel and EC2 print them. */
export const macText = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');

/**
 * A locally administered unicast address from six random bytes.
 *
 * The 46 random bits are not compared with the links of the host: with a thousand links the odds of a
 * clash are below one in 10^10, and reading all links would cost more than everything else in an ADD.
 */
export function randomMac(random: Uint8Array): string {
  const [first = 0, ...rest] = random.subarray(0, 6);
  return macText(Uint8Array.of((first | 0x02) & 0xfe, ...rest));
}
