import { expect, test } from '@jest/globals';
import { createTouchLog, namesOf } from './touch-log.ts';

const before = { address: '10.0.0.1', hostLinkName: 'enicc21c2d7785' } as const;

test.each([
  { name: 'the pod', touched: before },
  { name: 'a pod that has its address by now', touched: { ...before, hostLinkName: 'eni0' } },
  { name: 'the next sandbox of the pod', touched: { ...before, address: '10.0.0.2' as const } },
])('a watch sees $name being touched', ({ touched }) => {
  const log = createTouchLog();
  log.touch(...namesOf(touched));
  const watch = log.watch();
  expect(watch.wasTouched(...namesOf(before))).toBe(false);
  log.touch(...namesOf(touched));
  expect(watch.wasTouched(...namesOf(before))).toBe(true);
  expect(log.watch().wasTouched(...namesOf(before))).toBe(false);
});

test('a watch that has ended sees nothing more, and other pods are others', () => {
  const log = createTouchLog();
  const watch = log.watch();
  log.touch(...namesOf({ address: '10.0.0.7', hostLinkName: 'eni7' }));
  watch.end();
  log.touch(...namesOf(before));
  expect(watch.wasTouched(...namesOf(before))).toBe(false);
});
