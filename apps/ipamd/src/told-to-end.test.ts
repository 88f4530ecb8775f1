// The daemon as a program, told to end before it has begun.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { signalOnLoadOf } from '@vpc-cni/testing';

test('a SIGTERM while the daemon is being loaded ends it in good order', async () => {
  const runDirectory = await mkdtemp(join(tmpdir(), 'told-to-end-'));
  const program = ['--conditions=@vpc-cni/source', join(import.meta.dirname, 'main.ts')];
  const daemon = spawn(process.execPath, program, {
    env: {
      NODE_OPTIONS: signalOnLoadOf('/serve.ts'),
      ENABLE_IPv4: 'true',
      AWS_VPC_K8S_CNI_RUN_DIR: runDirectory,
      AWS_VPC_K8S_CNI_LOG_FILE: 'stdout',
      // Nothing of this machine's.
      AWS_VPC_K8S_CNI_HEALTH_BIND_ADDRESS: 'none',
      DISABLE_METRICS: 'true',
      DISABLE_INTROSPECTION: 'true',
    },
  });
  try {
    let log = '';
    daemon.stdout.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    // Killed by the signal it would have no exit status; as the first process of a container it would go on.
    expect(await once(daemon, 'close')).toEqual([0, null]);
    expect(log).toMatch(/"msg":"ended"/);
    expect(await readdir(runDirectory)).not.toContain('ipam.json');
  } finally {
    daemon.kill('SIGKILL');
    await rm(runDirectory, { recursive: true });
  }
});
