import { describe, expect, test } from '@jest/globals';
import { parseIpv4Prefix } from './ec2-ids.ts';

describe('parseIpv4Prefix', () => {
  test.each(['10.0.0.0/28', '10.0.0.240/28'])('takes %s', (text) => {
    expect(parseIpv4Prefix(text)).toBe(text);
  });

  test.each(['10.0.0.0', '10.0.0.0/27', '10.0.0.8/28', '10.0.0/28', '10.0.0.0/28/28', '', '::/80'])(
    'refuses %p',
    (text) => {
      expect(() => parseIpv4Prefix(text)).toThrow(TypeError);
    },
  );
});
