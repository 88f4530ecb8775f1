import { defineConfig } from 'tsup';

/** Build of an app: everything it imports in few files, because a daemon and a plugin start often. */
export const app = (entry: string[] = ['src/main.ts']) =>
  defineConfig({
    entry,
    format: ['esm'],
    target: 'node22',
    tsconfig: '../../tsconfig.base.json',
    clean: true,
    // Each program is one file that can be copied alone.
    splitting: false,
    minifySyntax: true,
    // koffi stays outside: it brings a native library.
    noExternal: [/.*/],
    external: ['koffi'],
    esbuildOptions: (options) => {
      options.conditions = ['@vpc-cni/source', 'node', 'import'];
    },
    // Dependencies that are CommonJS inside expect `require` to exist.
    banner: {
      js: "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);",
    },
  });
