// The direction of dependencies: pure core ← adapters ← coordination ← apps. Arrows never point the other way.
const packages = (...names) => `^packages/(${names.join('|')})/`;
const anyPackage = '^(packages|apps|tools)/';
const fakes = '/fake-[^/]+\\.ts$';
// Tests, their fixtures and fakes may import test packages.
const source = { pathNot: ['\\.(test|fixture)\\.ts$', fakes] };
// Files of one package, app or tool; in `to`, that one.
const anyOne = '^(packages|apps|tools)/([^/]+)';
const itself = '^$1/$2(/|$)';

const core = ['warm-pool', 'cni-spec', 'ipam', 'config'];
const adapters = ['imds', 'eni-allocator', 'host-network', 'kubernetes'];
const testing = ['aws-emulator', 'kubernetes-emulator', 'testing'];

/** `name` may import itself and the listed packages of this repository, nothing else of it. */
const mayImport = (name, ...allowed) => ({
  name: `${name}-imports-only-${allowed.join('-and-') || 'itself'}`,
  severity: 'error',
  from: { ...source, path: packages(name) },
  to: { path: anyPackage, pathNot: packages(name, ...allowed) },
});

export default {
  forbidden: [
    ...core.map((name) => mayImport(name)),
    ...adapters.map((name) => mayImport(name)),
    mayImport('pool-controller', 'warm-pool', 'ipam'),
    mayImport('plugin', 'cni-spec'),
    mayImport('aws-emulator'),
    mayImport('kubernetes-emulator'),
    {
      name: 'apps-do-not-import-test-packages',
      severity: 'error',
      from: { ...source, path: '^apps/' },
      to: { path: packages(...testing) },
    },
    {
      name: 'nothing-imports-an-app',
      severity: 'error',
      from: { path: anyOne },
      to: { path: '^apps/', pathNot: itself },
    },
    {
      name: 'only-tools-import-tools',
      severity: 'error',
      from: { path: '^(packages|apps)/' },
      to: { path: '^tools/' },
    },
    {
      name: 'fakes-are-for-tests',
      comment: 'packages/testing is for tests as a whole.',
      severity: 'error',
      from: { pathNot: [...source.pathNot, packages('testing')] },
      to: { path: fakes },
    },
    {
      name: 'packages-are-imported-by-name',
      comment:
        'A relative path into another folder goes around its exports; tests are no exception.',
      severity: 'error',
      from: { path: anyOne },
      to: { path: anyPackage, pathNot: itself, dependencyTypes: ['local'] },
    },
    {
      name: 'imports-resolve',
      comment: 'A deep path such as @vpc-cni/ipam/src/… does not: the package does not export it.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'core-is-free-of-node',
      comment: 'Only the entry points of their own (src/node), and examples, may use Node API.',
      severity: 'error',
      from: {
        ...source,
        path: packages(...core),
        pathNot: [...source.pathNot, '/src/node/', '/examples/'],
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'core-does-not-import-its-node-entry-point',
      severity: 'error',
      from: {
        ...source,
        path: packages(...core),
        pathNot: [...source.pathNot, '/src/node/', '/examples/'],
      },
      to: { path: '/src/node/' },
    },
    {
      name: 'no-cycles',
      comment: 'Of values; types may refer to each other.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-undeclared-dependencies',
      severity: 'error',
      from: { ...source, path: '^(packages|apps)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['/dist/', 'tsup\\.config\\.ts$', '/boundaries/fixtures/'] },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@vpc-cni/source', 'import', 'node', 'default'],
    },
  },
};
