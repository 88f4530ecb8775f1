import { defineConfig, type Options } from 'tsup';
import { shakeSchemas } from './tsup.shake-schemas.ts';

/** Build of an app: everything it imports in few files, because a daemon and a plugin start often. */
export const app = (options: Pick<Options, 'entry' | 'splitting'> = {}) =>
  defineConfig({
    entry: ['src/main.ts'],
    format: ['esm'],
    target: 'node22',
    tsconfig: '../../tsconfig.base.json',
    clean: true,
    esbuildPlugins: [shakeSchemas],
    minifySyntax: true,
    // koffi stays outside: it brings a native library.
    noExternal: [/.*/],
    external: ['koffi'],
    esbuildOptions: (esbuild) => {
      esbuild.conditions = ['@vpc-cni/source', 'node', 'import'];
    },
    // Dependencies that are CommonJS inside expect `require` to exist.
    banner: {
      js: "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);",
    },
    ...options,
  });
