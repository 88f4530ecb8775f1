import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/main.ts'],
  format: ['esm'],
  target: 'node22',
  tsconfig: '../../tsconfig.base.json',
  clean: true,
  minifySyntax: true,
  // One file to load at start; koffi stays outside because it brings a native library.
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
