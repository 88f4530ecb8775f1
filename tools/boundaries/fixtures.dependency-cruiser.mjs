// The project's own rules, applied to a small tree that breaks them; it is cruised as if it were the project.
import { fileURLToPath } from 'node:url';
import config from '../../.dependency-cruiser.mjs';

const tsConfig = { fileName: fileURLToPath(new URL('../../tsconfig.json', import.meta.url)) };

export default {
  ...config,
  options: { ...config.options, exclude: { path: ['/dist/'] }, tsConfig },
};
