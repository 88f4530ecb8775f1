import { app } from '../../tsup.app.ts';

// Each program is one file, to be copied alone.
export default app({
  entry: ['src/main.ts', 'src/install.ts'],
  splitting: false,
});
