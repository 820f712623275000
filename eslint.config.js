/** Lint rules. Those that guard the house's own order say so in their message. */
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Programs that a profile may be about: `src/` must not know any of them (they live in `profiles/`). */
const PROFILE_NAMES = 'bash|zsh|fish|claude|python3?|node|sqlite3|psql|gdb';

const only = (selector, message) => ({ selector, message });

const NO_FORMATS = ['Literal[value=/#\\{/]', 'TemplateElement[value.raw=/#\\{/]'].map((selector) =>
  only(selector, 'tmux formats are written in src/tmux/formats.ts and conditions.ts alone.'),
);
const NO_ENVIRONMENT = [
  only(
    'MemberExpression[object.name="process"][property.name="env"]',
    'The environment is read in src/config/env.ts alone.',
  ),
];
const NO_WHOLE_ZOD = [
  only(
    'ImportDeclaration[source.value="zod"] > ImportSpecifier[imported.name="z"]',
    'Write `import * as z`: the object named z brings all of zod into the file that answers initialize.',
  ),
];
const NO_PROFILE_NAMES = [
  only(
    `Literal[value=/^(${PROFILE_NAMES})$/i]`,
    'src/ knows no profile by name: put the fact into profiles/.',
  ),
  only(
    // `node` is also a word for a part of a tree, so as a name it is fine.
    `Identifier[name=/^(bash|zsh|fish|claude|python3?|sqlite3|psql|gdb|(is|uses|has)(Bash|Zsh|Fish|Claude|Python|Sqlite3|Psql|Gdb))$/i]`,
    'src/ knows no profile by name: put the fact into profiles/.',
  ),
];

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'node_modules/', 'bench/results.json', 'soak/results.json'] },
  eslint.configs.recommended,
  // Terminal text is full of control characters; that is the business here.
  { rules: { 'no-control-regex': 'off' } },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // A tool takes what it needs out of the interfaces that it is given; none of their methods uses `this`.
      '@typescript-eslint/unbound-method': 'off',
      'no-empty': ['error', { allowEmptyCatch: true }],
      'no-empty-character-class': 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'profiles/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-console': ['error', { allow: ['error'] }], // stdout belongs to the protocol
      'no-restricted-syntax': ['error', ...NO_FORMATS, ...NO_ENVIRONMENT],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...NO_FORMATS,
        ...NO_ENVIRONMENT,
        ...NO_WHOLE_ZOD,
        ...NO_PROFILE_NAMES,
      ],
    },
  },
  {
    files: ['src/tmux/formats.ts', 'src/tmux/conditions.ts'],
    rules: { 'no-restricted-syntax': ['error', ...NO_ENVIRONMENT, ...NO_PROFILE_NAMES] },
  },
  {
    files: ['src/config/env.ts'],
    rules: { 'no-restricted-syntax': ['error', ...NO_FORMATS, ...NO_WHOLE_ZOD, ...NO_PROFILE_NAMES] },
  },
  {
    // Shell code is full of `${`: braces after a hash are shell there, not tmux.
    files: ['profiles/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...NO_ENVIRONMENT] },
  },
  {
    files: ['src/cli/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        performance: 'readonly',
        module: 'writable',
        AbortController: 'readonly',
        AbortSignal: 'readonly',
      },
    },
  },
);
