import { builtinRules } from 'eslint/use-at-your-own-risk';
import tseslint from 'typescript-eslint';

// The core rules that ESLint itself recommends; their list is not a package of its own here.
const recommended = Object.fromEntries([...builtinRules].filter(([, rule]) => rule.meta.docs?.recommended).map(([name]) => [name, 'error']));

const noBackDoors = [
  { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: 'A pure file has no clock: take the time as an argument.' },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'A pure file has no clock: take the time as an argument.' },
  { selector: "MemberExpression[object.name='performance']", message: 'A pure file has no clock.' },
  { selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']", message: 'A pure file has no randomness: take it as an argument.' },
  { selector: "ImportDeclaration[source.value=/^(node:)?crypto$/] > ImportSpecifier[imported.name!=/^(createHash|createHmac|timingSafeEqual|BinaryLike|X509Certificate)$/]", message: 'Of crypto a pure file may use hashes and comparison only: no randomness, no keys.' },
  { selector: "ImportDeclaration[source.value=/^(node:)?crypto$/] > :matches(ImportDefaultSpecifier, ImportNamespaceSpecifier)", message: 'Name what is used of crypto, so that it is seen to be pure.' },
];
const effects = ['process', 'console', 'fetch', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'crypto'];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.cache/', '.demo/', 'coverage/', 'src/*/page/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser, parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname } },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      ...recommended,
      // What the compiler checks better.
      ...Object.fromEntries(['constructor-super', 'getter-return', 'no-class-assign', 'no-const-assign', 'no-dupe-args', 'no-dupe-class-members', 'no-dupe-keys', 'no-func-assign', 'no-import-assign', 'no-new-native-nonconstructor', 'no-obj-calls', 'no-redeclare', 'no-setter-return', 'no-this-before-super', 'no-undef', 'no-unreachable', 'no-unsafe-negation', 'no-unused-vars'].map((name) => [name, 'off'])),
      // Control characters in patterns are the point of several checks: XML forbids them.
      'no-control-regex': 'off',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-var': 'error',
      'prefer-const': 'error',
      eqeqeq: 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
      'max-lines': ['error', { max: 300 }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/ban-ts-comment': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      '@typescript-eslint/no-for-in-array': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unsafe-argument': 'error',
      '@typescript-eslint/no-unsafe-assignment': 'error',
      '@typescript-eslint/no-unsafe-call': 'error',
      '@typescript-eslint/no-unsafe-member-access': 'error',
      '@typescript-eslint/no-unsafe-return': 'error',
      // consistent-type-imports stays off: turning the import of an injected class into a type import takes it out of the
      // decorator metadata, and Nest then has nothing to inject.
    },
  },
  {
    // A file without a role in its name is pure; dependency-cruiser keeps its imports so, these rules keep its globals so.
    files: ['src/**/*.ts'],
    ignores: ['src/*.ts', 'src/**/*.*.ts', 'src/cli/**', 'src/simulator/**', 'src/setup/**'],
    rules: { 'no-restricted-syntax': ['error', ...noBackDoors], 'no-restricted-globals': ['error', ...effects.map((name) => ({ name, message: 'A pure file has no effects: take values as arguments, or give the file a role.' }))] },
  },
  {
    files: ['test/**/*.ts'],
    // expect.any() and what libraries give back untyped end in an assertion anyway.
    rules: { 'max-lines': 'off', ...Object.fromEntries(['argument', 'assignment', 'call', 'member-access', 'return'].map((what) => [`@typescript-eslint/no-unsafe-${what}`, 'off'])) },
  },
  {
    files: ['**/*.mjs', '**/*.cjs', '**/*.js'],
    languageOptions: { ecmaVersion: 'latest', globals: Object.fromEntries(['process', 'console', 'Buffer', 'URL', 'setTimeout', 'module', 'require', 'SharedArrayBuffer', 'Atomics'].map((name) => [name, 'readonly'])) },
    rules: { ...recommended, 'prefer-const': 'error', eqeqeq: 'error' },
  },
);
