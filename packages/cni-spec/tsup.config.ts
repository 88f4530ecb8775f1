import { library } from '../../tsup.library.ts';

export default library([
  'src/index.ts',
  'src/node/conflist.ts',
  'src/node/launcher.ts',
  'src/node/plugin.ts',
  'src/node/runtime.ts',
]);
