import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Name of the image, for the runtime's configuration. */
export const PAUSE_IMAGE = 'localhost/pause:1';

// What holds a pod's namespaces: waits, and goes when told.
const PAUSE_SOURCE = `
#include <signal.h>
#include <unistd.h>
static void leave(int signal) { (void)signal; _exit(0); }
int main(void) { signal(SIGTERM, leave); signal(SIGINT, leave); for (;;) pause(); }
`;

/**
 * Builds the image of a pod's sandbox as a docker archive, from a few lines of C: no registry is needed.
 *
 * Needs `musl-gcc` and `tar`.
 *
 * @param directory scratch space that exists.
 * @returns path of the archive, for `ctr images import`.
 */
export function buildPauseImage(directory: string): string {
  const at = (...names: readonly string[]) => join(directory, ...names);
  mkdirSync(at('rootfs'));
  mkdirSync(at('image', 'layer'), { recursive: true });
  writeFileSync(at('pause.c'), PAUSE_SOURCE);
  execFileSync('musl-gcc', ['-static', '-Os', '-o', at('rootfs', 'pause'), at('pause.c')]);
  execFileSync('tar', ['-C', at('rootfs'), '-cf', at('image', 'layer', 'layer.tar'), 'pause']);
  const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
  const config = JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Entrypoint: ['/pause'] },
    rootfs: {
      type: 'layers',
      diff_ids: [`sha256:${sha256(readFileSync(at('image', 'layer', 'layer.tar')))}`],
    },
  });
  const configFile = `${sha256(config)}.json`;
  writeFileSync(at('image', configFile), config);
  const manifest = [{ Config: configFile, RepoTags: [PAUSE_IMAGE], Layers: ['layer/layer.tar'] }];
  writeFileSync(at('image', 'manifest.json'), JSON.stringify(manifest));
  execFileSync('tar', ['-C', at('image'), '-cf', at('pause.tar'), '.']);
  return at('pause.tar');
}
