/** How Claude Code is started: as the pane's own process, with our hooks and our way of handing prompts over. */
import type { AgentLaunch, AgentLaunchPlan, PromptExchange } from '../../src/profile/contract.js';
import { HOOKS, eventFolder, sink } from './events.js';
import { quote } from './quote.js';

export function exchange(spool: string): PromptExchange | undefined {
  // The program splits the editor's command at white space, whatever quotes are around it.
  if (/\s/.test(spool)) return undefined;
  return {
    key: 'C-g',
    offer: `${spool}/offer`,
    expect: `${spool}/expect`,
    accepted: `${spool}/accepted`,
    refused: `${spool}/refused`,
    draft: `${spool}/draft`,
  };
}

/**
 * The program opens the composer's text in `$VISUAL` on Ctrl-G. This is that editor: it puts an offered prompt
 * in, exact and of any length, if the composer holds what it should (nothing, unless `expect` says otherwise),
 * and is the user's own editor when nothing is offered. Whoever renames the offer first owns it.
 */
export function editor(spool: string): string {
  return `#!/bin/sh
# Hands a prompt of Panewright's to the program, or opens your own editor.
d=${quote(spool)}
if mv "$d/offer" "$d/.taken" 2>/dev/null; then
  umask 077
  cp "$1" "$d/.draft" && mv "$d/.draft" "$d/draft"
  if [ -f "$d/expect" ]; then cmp -s "$1" "$d/expect"; else [ ! -s "$1" ]; fi
  if [ $? -eq 0 ] && cat "$d/.taken" >"$1"; then
    exec mv "$d/.taken" "$d/accepted"
  fi
  exec mv "$d/.taken" "$d/refused"
fi
exec \${PANEWRIGHT_EDITOR:-vi} "$@"
`;
}

/** argv keeps the pid of the pane: the shell that remembers the user's editor replaces itself. */
export function launch(request: AgentLaunch): AgentLaunchPlan {
  const { program = 'claude', spool, conversation, args = [] } = request;
  const settings = `${spool}/settings.json`;
  const helper = `${spool}/editor`;
  const command = { type: 'command', command: sink(spool), timeout: 10 };
  const hooks = Object.fromEntries(HOOKS.map((name) => [name, [{ hooks: [command] }]]));
  const id = conversation ? [conversation.resume ? '--resume' : '--session-id', conversation.id] : [];
  const remember = 'PANEWRIGHT_EDITOR="${VISUAL:-${EDITOR:-vi}}";export PANEWRIGHT_EDITOR';
  const replace = exchange(spool) ? 'VISUAL="$0";EDITOR="$0";export VISUAL EDITOR;' : '';
  const start = `${remember};${replace}exec "$@"`;
  return {
    argv: ['/bin/sh', '-c', start, helper, program, '--settings', settings, ...id, ...args],
    files: [
      { path: settings, text: `${JSON.stringify({ hooks }, null, 1)}\n`, mode: 0o600 },
      { path: helper, text: editor(spool), mode: 0o700 },
      // Makes the folder; its name is never an event's.
      { path: `${eventFolder(spool)}/.folder`, text: '', mode: 0o600 },
    ],
  };
}
