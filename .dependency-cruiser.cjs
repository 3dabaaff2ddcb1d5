// The architecture as rules: imports run one way, stages do not know each other, pure files stay pure.
// test/pure/import-rules.spec.ts proves that each rule bites.

const stages = ['capture', 'mapping', 'delivery', 'collection', 'acknowledgement', 'reconciliation', 'alarm', 'supervision'];
// Faces show what stages compute and change nothing through them: they may import a stage's pure files and adapters.
const faces = ['ops', 'inquiry'];
const roles = ['module', 'poller', 'processor', 'controller', 'store', 'adapter', 'entity', 'migration', 'command', 'config'];

// A role in the name is the border: without one the file is pure. The places that put the parts together are left out, and
// so is the simulator, which only stands in for somebody else's machines.
const pureFile = { path: '^src/.+/[^./]+\\.ts$', pathNot: '^src/(cli|simulator|setup)/' };
const roleFile = `^src/.+\\.(${roles.join('|')})\\.ts$`;

// Packages that only compute. Everything else from npm acts or brings the framework in.
const computingPackages = ['zod', 'yaml', 'libxml2-wasm', 'fast-xml-parser', 'iconv-lite', 'chinese-days', 'standardwebhooks'];
// Parts of Node that only compute; of crypto the linter allows the hashes, not the randomness.
const computingBuiltins = ['crypto', 'buffer', 'path', 'util', 'url', 'string_decoder'];

/** A part may import itself and what is named here; nothing else below src. */
const may = {
  domain: [],
  platform: ['domain'],
  ledger: ['platform', 'domain'],
  ...Object.fromEntries(stages.map((stage) => [stage, ['ledger', 'platform', 'domain']])),
  ...Object.fromEntries(faces.map((face) => [face, [...stages, 'ledger', 'platform', 'domain']])),
};

module.exports = {
  forbidden: [
    ...Object.entries(may).map(([part, others]) => ({
      name: `one-way-${part}`,
      comment: faces.includes(part)
        ? `${part} is a face: it may import stages, ledger, platform and domain, and no other face.`
        : stages.includes(part)
        ? `${part} is a stage: it may import ledger, platform and domain; what two stages share belongs to one of those.`
        : `${part} may import ${others.length === 0 ? 'nothing of ours' : others.join(' and ')}: imports run stages → ledger → platform → domain.`,
      severity: 'error',
      from: { path: `^src/${part}/` },
      to: { path: '^src/', pathNot: `^src/(${[part, ...others].join('|')})/` },
    })),
    {
      name: 'faces-call-no-stage',
      comment: 'A face reads what a stage computes (pure files, adapters); it rings through the ledger and never calls a processor or poller.',
      severity: 'error',
      from: { path: `^src/(${faces.join('|')})/` },
      to: { path: `^src/(${stages.join('|')})/.+\\.(module|poller|processor|controller|store|command)\\.ts$` },
    },
    {
      name: 'domain-needs-only-zod',
      comment: 'The vocabulary is read by every part and depends on nothing but its schema library.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'], pathNot: '(^|/node_modules/|^node_modules/)zod(/|$)' },
    },
    {
      name: 'domain-needs-no-builtin',
      comment: 'As above; what needs Node belongs to platform.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'nobody-imports-the-simulator',
      comment: 'The simulator plays the bureau and the center; production code that imports it would run against a toy.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/simulator/' },
      to: { path: '^src/simulator/' },
    },
    {
      name: 'simulator-knows-no-stage',
      comment: 'The simulator checks what the stages made, so it must not share their code: a mistake would be on both sides.',
      severity: 'error',
      from: { path: '^src/simulator/', pathNot: '^src/simulator/[^/]+\\.ts$' },
      to: { path: `^src/(${[...stages, ...faces].join('|')}|ledger)/` },
    },
    {
      name: 'no-circles',
      comment: 'A circle cannot be read, tested or taken out in parts.',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'pure-files-import-no-effects',
      comment: 'A file without a role in its name computes only. Give it a role, or hand it the values.',
      severity: 'error',
      from: pureFile,
      to: { path: roleFile },
    },
    {
      name: 'pure-files-use-computing-packages-only',
      comment: `Pure files may use ${computingPackages.join(', ')}.`,
      severity: 'error',
      from: pureFile,
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'], pathNot: `(^|/node_modules/|^node_modules/)(@types/)?(${computingPackages.join('|')})(/|$)` },
    },
    {
      name: 'pure-files-use-computing-builtins-only',
      comment: `Of Node pure files may use ${computingBuiltins.join(', ')}: no files, network, processes, timers.`,
      severity: 'error',
      from: pureFile,
      to: { dependencyTypes: ['core'], pathNot: `^(node:)?(${computingBuiltins.join('|')})$` },
    },
    {
      name: 'no-development-packages',
      comment: 'The image is built without development packages; types alone are fine, they vanish.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
    {
      name: 'everything-resolves',
      comment: 'The file or package does not exist.',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'no-barrels',
      comment: 'An index.ts hides where things come from and makes circles.',
      severity: 'error',
      from: {},
      to: { path: '/index\\.ts$', pathNot: 'node_modules' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // A page is built for the browser by its own tool and shares types only.
    exclude: { path: '^src/(setup|[^/]+/page)/' },
    // Type-only imports count too: they couple as well.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
