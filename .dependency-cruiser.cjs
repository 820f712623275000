/**
 * Who may import whom. Layers point down only; a room sees the rooms below it, never one above:
 *
 *   cli -> server -> tools -> profile -> permission -> panes -> tmux -> ownership, errors, config/schema
 */
const LAYERS = ['tmux', 'panes', 'permission', 'profile', 'tools', 'server', 'cli'];

/** What sits above each layer must not be imported by it. */
const upward = LAYERS.slice(0, -1).map((layer, index) => ({
  name: `${layer}-looks-down-only`,
  comment: `src/${layer}/ must not know the layers above it.`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: `^src/(${LAYERS.slice(index + 1).join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...upward,
    {
      name: 'errors-import-nothing',
      severity: 'error',
      from: { path: '^src/errors\\.ts$' },
      to: { path: '^(src|profiles)/' },
    },
    {
      name: 'ownership-knows-no-room',
      severity: 'error',
      from: { path: '^src/ownership\\.ts$' },
      to: { path: '^(src|profiles)/', pathNot: '^src/errors\\.ts$' },
    },
    {
      name: 'config-is-wired-by-the-cli',
      comment:
        'The schema (types) is for everybody; reading files, environment and flags belongs to the cli.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli|config)/' },
      to: { path: '^src/config/', pathNot: '^src/config/schema\\.ts$' },
    },
    {
      name: 'config-looks-down-only',
      severity: 'error',
      from: { path: '^src/config/' },
      to: { path: '^(src|profiles)/', pathNot: '^src/(config/|(errors|ownership)\\.ts$)' },
    },
    {
      name: 'mcp-sdk-only-in-server',
      comment: 'So that its successor can replace it in one room.',
      severity: 'error',
      from: { path: '^(src|profiles)/', pathNot: '^src/server/' },
      to: { path: '@modelcontextprotocol' },
    },
    {
      name: 'server-knows-no-tmux',
      severity: 'error',
      from: { path: '^src/server/' },
      to: { path: '^src/(tmux|panes|permission|profile)/' },
    },
    {
      name: 'tools-know-no-tmux',
      comment:
        'Tools work with panes and name the types of rows; the one file that opens a tmux server for them wires.',
      severity: 'error',
      from: { path: '^src/tools/', pathNot: '^src/tools/terminals\\.ts$' },
      to: { path: '^src/tmux/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'profiles-see-only-the-contract',
      comment: "As a stranger's profile would.",
      severity: 'error',
      from: { path: '^profiles/' },
      to: { path: '^src/', pathNot: '^src/profile/contract\\.ts$' },
    },
    {
      name: 'profiles-need-no-packages',
      severity: 'error',
      from: { path: '^profiles/' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'only-the-cli-knows-the-profiles',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^profiles/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'everything-resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
