/** The six bytes of a hardware address written as `0a:11:22:33:44:01`. @throws {TypeError} for any other text. */
export function macBytes(mac: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac)) {
    throw new TypeError(
      `a hardware address such as 0a:11:22:33:44:01 was expected, not ${JSON.stringify(mac.slice(0, 80))}`,
    );
  }
  const bytes = new Uint8Array(6);
  for (let index = 0; index < 6; index += 1) {
    bytes[index] = Number.parseInt(mac.slice(3 * index, 3 * index + 2), 16);
  }
  return bytes;
}

/** Lower-case hexadecimal pairs, as the kernel and EC2 print them. */
export function macText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += `:${byte < 16 ? '0' : ''}${byte.toString(16)}`;
  return text.slice(1);
}

/**
 * A locally administered unicast address from six random bytes.
 *
 * The 46 random bits are not compared with the links of the host: with a thousand links the odds of a
 * clash are below one in 10^10, and reading all links would cost more than everything else in an ADD.
 */
export function randomMac(random: Uint8Array): string {
  const bytes = new Uint8Array(random.subarray(0, 6));
  bytes[0] = ((bytes[0] ?? 0) | 0x02) & 0xfe;
  return macText(bytes);
}
