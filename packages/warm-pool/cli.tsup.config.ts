import { defineConfig } from 'tsup';

/** The command line: one file, which nobody imports. After the library's build, which empties dist. */
export default defineConfig({
  entry: { main: 'src/node/cli/main.ts' },
  outDir: 'dist/cli',
  format: ['esm'],
  minify: true,
  target: 'node22',
  tsconfig: '../../tsconfig.base.json',
});
