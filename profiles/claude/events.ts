/** What Claude Code reports through hooks, and the command that stores each report as a file of its own. */
import type { AgentEvent, FailureClass } from '../../src/profile/contract.js';
import { jsonObject } from './json.js';
import { quote } from './quote.js';

/**
 * Hooks that are asked for. Tools' own hooks are left out: they would cost a process per tool call; so is
 * PreCompact: the program prints its command.
 */
export const HOOKS = [
  'SessionStart',
  'UserPromptSubmit',
  'PermissionRequest',
  'Stop',
  'StopFailure',
  'SessionEnd',
] as const;

/** Longer reports are cut, and then not understood. */
const MAX_BYTES = 8 * 1024 * 1024;

export function eventFolder(spool: string): string {
  return `${spool}/events`;
}

/**
 * Shell command of a hook: its input becomes a file that appears whole under its name. Prints nothing, always
 * succeeds, also when the folder is gone or the disk is full; forks two processes.
 */
export function sink(spool: string): string {
  const folder = quote(eventFolder(spool));
  const free = 'n=$$;while [ -e "$n.json" ];do n=${n}x;done';
  const store = `head -c ${MAX_BYTES} >".$n"&&mv ".$n" "$n.json"`;
  // Read even if it cannot be stored: a writer must not meet a closed pipe.
  return `{ { cd ${folder}&&umask 077&&{ ${free};${store};};}||head -c ${MAX_BYTES};} >/dev/null 2>&1;exit 0`;
}

/** Undefined for text that is no report. */
export function readEvent(text: string): AgentEvent | undefined {
  const data = jsonObject(text);
  if (!data) return undefined;
  const name = word(data['hook_event_name']);
  const about = { conversation: word(data['session_id']), transcript: word(data['transcript_path']) };
  if (name === '' || about.conversation === '') return undefined;
  const turn = word(data['prompt_id']);
  switch (name) {
    case 'SessionStart': {
      const model = word(data['model']);
      return { ...about, type: 'started', source: word(data['source']), ...(model === '' ? {} : { model }) };
    }
    case 'UserPromptSubmit':
      return { ...about, type: 'accepted', turn, prompt: word(data['prompt']) };
    case 'PermissionRequest':
      return { ...about, type: 'asked', turn, tool: word(data['tool_name']), input: data['tool_input'] };
    case 'Stop': {
      const tasks = data['background_tasks'];
      const background = Array.isArray(tasks) ? tasks.length : 0;
      return { ...about, type: 'completed', turn, answer: word(data['last_assistant_message']), background };
    }
    case 'StopFailure': {
      const message = word(data['last_assistant_message']);
      return { ...about, type: 'failed', turn, failure: failureClass(word(data['error']), message), message };
    }
    case 'SessionEnd':
      return { ...about, type: 'ended', reason: word(data['reason']) };
    default:
      return { ...about, type: 'other', name };
  }
}

/** @param status of HTTP, where the transcript tells it */
export function failureClass(error: string, message: string, status?: number): FailureClass {
  if (error === 'rate_limit' || status === 429) return 'rate_limit';
  if (error === 'authentication_failed' || status === 401 || status === 403) return 'auth';
  if (error === 'overloaded' || status === 529 || /API Error: 529\b|overloaded/i.test(message))
    return 'overloaded';
  return 'other';
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
