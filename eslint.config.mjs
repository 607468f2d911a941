/**
 * The style guide, as far as a machine can hold it. What a file may import is in .dependency-cruiser.mjs.
 */
import js from '@eslint/js';
import stylistic from '@stylistic/eslint-plugin';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Layers where a stream is described and never run. */
const belowClient = ['src/{task,transport,wire,providers,state}/**/*.ts'];
/** The one file that reads the platform's clock for all others. */
const clock = ['src/transport/clock.ts'];
/** Its job is to subscribe. */
const subscribing = ['src/transport/request-queue.ts'];
/** Entry points for one platform or purpose each. All other files hold values and functions, and no clock, promise, platform or random number. */
const entryPoints = ['src/{adapters,angular,sse,proxy,queue,callbacks,simulator,node,cli}/**/*.ts'];

const timers = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'requestAnimationFrame'];

/** What all of src is written without. Each list below repeats it, because ESLint's lists replace one another. */
const everywhere = [
  { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
  { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
  { selector: 'ExportAllDeclaration', message: 'Re-export by name.' },
  { selector: 'VariableDeclarator > Identifier[name=/\\$$/]', message: '`$` marks streams in examples, never in src.' },
];

const withoutPromises = [
  { selector: 'AwaitExpression', message: 'Promises belong in the entry points.' },
  { selector: 'ForOfStatement[await=true]', message: 'Promises belong in the entry points.' },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'The time comes from the scheduler.' },
  {
    selector: 'ExportNamedDeclaration > :matches(TSInterfaceDeclaration, TSTypeAliasDeclaration) TSPropertySignature[readonly=false]',
    message: 'What is exported is readonly.',
  },
];

const withoutSubscribing = [
  { selector: "CallExpression[callee.property.name='subscribe']", message: 'Below client/ a stream is described, never run.' },
  { selector: 'NewExpression[callee.name=/Subject$/]', message: 'Below client/ nothing is shared.' },
];

/** An assertion switches the compiler off: a comment on its line, or on the line before its statement, says why it is right. */
const reasonedAssertions = {
  create: (/** @type {import('eslint').Rule.RuleContext} */ context) => ({
    /** @param {any} node */
    TSAsExpression: (node) => {
      if (node.typeAnnotation.typeName?.name === 'const') return;
      let statement = node;
      while (statement.parent && !/Statement$|Declaration$|^Property|^TSAbstract/.test(statement.type)) statement = statement.parent;
      const [first, last] = [statement.loc.start.line - 1, node.loc.end.line];
      const explained = context.sourceCode.getAllComments().some(({ loc }) => loc && loc.end.line >= first && loc.start.line <= last);
      if (!explained) context.report({ node, message: 'A comment must say why this `as` is right.' });
    },
  }),
};

/** Every file says what it is for, in a comment before its first line of code. */
const header = {
  create: (/** @type {import('eslint').Rule.RuleContext} */ context) => ({
    Program: (/** @type {any} */ node) => {
      if (!/^(?:#!.*\n|\/\/.*\n)*\/\*\*/.test(context.sourceCode.text)) context.report({ node, message: 'A file opens with a comment that says what it is for.' });
    },
  }),
};

export default defineConfig(
  { ignores: ['dist/', 'coverage/', 'reference/', '.vitest/', 'docs/examples/*/', 'site/{dist,reference,.vitepress/cache}/'] },
  js.configs.recommended,

  // --- format (npm run format) --------------------------------------------------------------------------------------------
  // ESLint Stylistic rather than Prettier: it keeps aligned columns, which tables of cases and marble diagrams live by.
  stylistic.configs.customize({ semi: true, arrowParens: true, braceStyle: '1tbs' }),
  {
    rules: {
      '@stylistic/max-statements-per-line': 'off',
      '@stylistic/no-multi-spaces': ['error', { ignoreEOLComments: true, exceptions: { Property: true, ArrayExpression: true, CallExpression: true } }],
      '@stylistic/generator-star-spacing': ['error', 'before'],
      '@stylistic/multiline-ternary': 'off',
      '@stylistic/operator-linebreak': ['error', 'after', { overrides: { '?': 'before', ':': 'before', '|': 'before', '&': 'before' } }],
      '@stylistic/semi-spacing': 'off',
      '@stylistic/quote-props': ['error', 'as-needed'],
      '@stylistic/quotes': ['error', 'single', { avoidEscape: true, allowTemplateLiterals: 'always' }],
    },
  },

  // --- TypeScript ---------------------------------------------------------------------------------------------------------
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/array-type': ['error', { default: 'array', readonly: 'array' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      // `() => observer.next(value)` says what it does.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // An unused parameter that keeps its place is named `_`; tsc finds the rest.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // What was caught is thrown on as it is.
      '@typescript-eslint/only-throw-error': ['error', { allowRethrowing: true, allowThrowingUnknown: true }],
      // A member of a union gets a name that an error message can show.
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      // `String(value)` is for showing what a caller without types has passed, whatever its type says.
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/no-unnecessary-type-conversion': 'off',
      // Errors carry a brand, so that two copies of the package know each other's.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // A type parameter used once can still name what a caller writes, and a default that is written out can still say more.
      '@typescript-eslint/no-unnecessary-type-arguments': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },

  // --- src ----------------------------------------------------------------------------------------------------------------
  {
    files: ['src/**/*.ts'],
    plugins: { local: { rules: { header, 'reasoned-assertions': reasonedAssertions } } },
    rules: {
      'local/header': 'error',
      'local/reasoned-assertions': 'error',
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...everywhere],
      'no-restricted-imports': ['error', {
        paths: [{ name: 'fp-ts', message: 'Its root costs 115 ms at load: import the module, as in fp-ts/Either.' }],
        patterns: [
          { regex: '^(fp|io)-ts/(lib|es6)/', message: 'The build knows where that is: import fp-ts/Either.' },
          { regex: '^rx-seedance', message: 'Sources import each other by path.' },
          { regex: '^\\.{1,2}/.*(?<!\\.js)$', message: 'A path ends in .js.' },
        ],
      }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      // A new member of a union must be thought of, so no default may swallow it.
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { allowDefaultCaseForExhaustiveSwitch: false, considerDefaultExhaustiveForUnions: false }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: [...clock, ...entryPoints],
    rules: {
      'no-restricted-globals': ['error', {
        globals: [...timers.map((name) => ({ name, message: 'Time is `timer`, on the scheduler.' })), 'process', 'performance', 'fetch'],
        checkGlobalObject: true,
      }],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'The time comes from the scheduler, or as an argument.' },
        { object: 'Math', property: 'random', message: 'The same state always gives the same wait.' },
      ],
      'no-restricted-syntax': ['error', ...everywhere, ...withoutPromises],
    },
  },
  {
    files: belowClient,
    ignores: subscribing,
    rules: { 'no-restricted-syntax': ['error', ...everywhere, ...withoutPromises, ...withoutSubscribing] },
  },
  {
    files: entryPoints,
    rules: {
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      // Entry points meet callers, clients and platforms of several versions, and types that hold `any`.
      '@typescript-eslint/no-deprecated': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['src/**/index.ts'],
    rules: { 'no-restricted-syntax': ['error', ...everywhere, { selector: 'Program > :not(ExportNamedDeclaration[source])', message: 'An index.ts only re-exports by name.' }] },
  },
  { files: ['src/simulator/**/*.ts'], rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' } },
  { files: ['src/cli/**/*.ts'], rules: { 'no-console': 'off' } },

  // --- tests and configuration: they poke at things, on purpose --------------------------------------------------------------
  {
    files: ['test/**/*.ts', '*.ts'],
    rules: {
      'no-loss-of-precision': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },

  // --- scripts and examples: tsc knows their globals (checkJs) ------------------------------------------------------------------
  { files: ['**/*.{mjs,cjs,js}'], rules: { 'no-undef': 'off' } },
);
