// The inside of the launcher under sanitizers, with bytes that a seed makes. The seeds are fixed, so that a failure is
// everybody's; `make fuzz && ../dist/aws-cni-fuzz SEED RUNS` tries others, and fuzz.c is a libFuzzer target, too.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from '@jest/globals';
import { make } from './launch.ts';

const FUZZER = join(import.meta.dirname, '../dist/aws-cni-fuzz');
const RUNS = 50_000;

beforeAll(() => make('fuzz'));

test.each([1, 2, 3])(
  'survives what seed %i makes of replies, configurations and environments',
  async (seed) => {
    const { stdout, stderr } = await promisify(execFile)(FUZZER, [`${seed}`, `${RUNS}`]);
    expect({ stdout, stderr }).toEqual({ stdout: `${RUNS} runs\n`, stderr: '' });
  },
);
