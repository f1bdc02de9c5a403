// The import rules of ARCHITECTURE.md, each with its reason. Run by `npm run lint`.
const features = ['users', 'auth', 'folders', 'files', 'shares', 'trash', 'locks', 'stats', 'account'];
/** Feature order: a room may import those listed, and vault/ and platform/; nothing else. */
const mayImport = {
  users: [],
  auth: ['users'],
  folders: ['users'],
  files: ['folders', 'users'],
  shares: ['files', 'folders', 'users'],
  trash: ['files', 'folders', 'users'],
  locks: ['files', 'folders', 'shares', 'users'],
  stats: ['auth', 'files', 'folders', 'shares', 'users'],
  account: features,
};

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'A cycle means that two rooms are one room; swc also fails on cyclic decorated classes at load time.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'platform-imports-only-platform',
      comment: 'platform/ is machinery that would be the same in any product.',
      severity: 'error',
      from: { path: '^src/platform/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(src|test|migrations|bench|web)/', pathNot: '^src/platform/' },
    },
    {
      name: 'vault-imports-no-feature',
      comment:
        'The waist knows keys and bytes, not users or files: otherwise "plaintext never reaches storage" is a promise again.',
      severity: 'error',
      from: { path: '^src/vault/' },
      to: { path: '^src/', pathNot: '^src/(vault|platform)/' },
    },
    {
      name: 'only-vault-touches-blobs',
      comment:
        'Every byte passes through encryption on its way to storage. health/ only asks whether the store is there.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(vault/|platform/(blobs|health)/|app\\.module)' },
      to: { path: '^src/platform/blobs/' },
    },
    ...features.map((feature) => ({
      name: `feature-order-${feature}`,
      comment: 'Lower features never import higher ones, and siblings never import each other.',
      severity: 'error',
      from: { path: `^src/${feature}/` },
      to: {
        path: `^src/(${features.filter((f) => f !== feature && !mayImport[feature].includes(f)).join('|') || '(?!)'})/`,
      },
    })),
    {
      name: 'controllers-translate-only',
      comment: 'A controller that reaches a repository or an entity has started to decide.',
      severity: 'error',
      from: { path: '\\.controller\\.ts$' },
      to: { path: '\\.(repository|entity)\\.ts$' },
    },
    {
      name: 'commands-translate-only',
      comment: 'The command is a way in, like the API: what it does is a room’s, and nothing of it is HTTP’s.',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '\\.(repository|entity|controller)\\.ts$|^src/(start|stop|app\\.setup|openapi)\\.ts$' },
    },
    {
      name: 'nobody-imports-the-command',
      comment: 'Who would need it has found something that belongs into a room.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'repositories-fetch-only',
      comment: 'A repository that calls a service has started to decide.',
      severity: 'error',
      from: { path: '\\.repository\\.ts$' },
      to: { path: '\\.service\\.ts$' },
    },
    {
      name: 'crypto-is-pure',
      comment: 'Crypto is tested by published vectors alone; it needs neither a container nor a database.',
      severity: 'error',
      from: { path: '^src/platform/crypto/' },
      to: { path: 'node_modules/(@nestjs|typeorm)/' },
    },
    {
      name: 'src-imports-no-test-or-web',
      comment: 'What ships does not depend on what checks it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(test|web|bench)/' },
    },
    {
      name: 'migrations-stand-alone',
      comment: 'A migration that imports our code changes its meaning when that code changes.',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^(src|test|bench|web)/' },
    },
    {
      name: 'bench-is-a-client',
      comment: 'The benchmark talks HTTP only, so that any peer can stand in for us.',
      severity: 'error',
      from: { path: '^bench/' },
      to: { path: '^src/' },
    },
    {
      name: 'client-stands-alone',
      comment:
        'The client knows the API document and nothing else of ours, and runs in a browser: what uses it ships without the server.',
      severity: 'error',
      from: { path: '^client/' },
      to: { pathNot: '^client/' },
    },
    {
      name: 'server-needs-no-client',
      comment:
        'The client is for those outside: browser app, tools, tests. The load tool has its own, which costs less.',
      severity: 'error',
      from: { path: '^(src|migrations|bench)/' },
      to: { path: '^client/' },
    },
    {
      name: 'no-unresolvable',
      comment: 'An import that does not resolve is a typo or a missing dependency.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dev-dependency-in-src',
      comment: 'A production install must run.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
