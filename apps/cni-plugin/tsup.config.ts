import { app } from '../../tsup.app.ts';

export default app(['src/main.ts', 'src/install.ts']);
