import { library } from '../../tsup.library.ts';

export default library(['src/index.ts', 'src/limits/index.ts', 'src/simulator/index.ts']);
