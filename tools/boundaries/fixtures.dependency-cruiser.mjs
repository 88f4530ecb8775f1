// The project's own rules, applied to a small tree that breaks them.
import config from '../../.dependency-cruiser.mjs';

export default { ...config, options: { ...config.options, exclude: { path: ['/dist/'] } } };
