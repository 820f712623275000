/** What a suite that drives the real Claude Code imports. */
export { Bed, describeClaude, version, type Renderer } from './bed.js';
export { HOOKS, Repl, type HookEvent, type Registry, type ReplOptions } from './repl.js';
export type { ApiRequest, Reply, ScriptedApi, Step } from './api.js';
