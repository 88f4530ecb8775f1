import { defineConfig } from 'tsup';

/**
 * Build of every published library: ESM and CommonJS twins, each with its declarations.
 *
 * @param entry source files that are public entry points, named as in the package's `exports`.
 */
export const library = (entry: readonly string[] = ['src/index.ts']) =>
  defineConfig({
    entry: [...entry],
    format: ['esm', 'cjs'],
    dts: true,
    sourcemap: true,
    clean: true,
    target: 'node22',
    tsconfig: '../../tsconfig.base.json',
  });
