/** The dialog on the screen as callers see it, with an id that changes with the question. */
import { createHash } from 'node:crypto';
import type { AgentStatus, Dialog as ScreenDialog } from '../contract.js';
import type { Dialog } from '../session/driver.js';
import type { StampedEvent } from './files.js';

type Asked = Extract<StampedEvent, { type: 'asked' }>;

/** The id differs also when the same question is asked again. */
export function describe(
  dialog: ScreenDialog,
  registry: AgentStatus | undefined,
  events: readonly StampedEvent[],
): Dialog {
  const asked = dialog.kind === 'permission' || dialog.kind === 'plan' ? askedFor(dialog, events) : undefined;
  // What is typed into a field, or ticked, makes no other question.
  const labels = dialog.options.map((option) => (option.freeText === true ? '' : option.label));
  const { kind, title, question, detail } = dialog;
  const heading = title.replace(/[^\p{L}\p{N}]+/gu, '');
  const identity = [registry?.since, asked?.at, kind, heading, question, detail, ...labels];
  return {
    dialog_id: createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 12),
    kind,
    ...(title !== '' && title !== question && { title }),
    question: question || title,
    ...(detail !== '' && { detail }),
    ...(asked && { tool_name: asked.tool, tool_input: asked.input }),
    options: dialog.options.map((option, i) => ({
      number: option.number ?? i + 1,
      label: option.label,
      ...(option.description !== undefined && { description: option.description }),
      ...(option.highlighted && { highlighted: true }),
      ...(option.checked !== undefined && { checked: option.checked }),
      ...(option.freeText === true && { takes_text: true }),
    })),
  };
}

/**
 * The report that belongs to the dialog. Several tools may be asked for at once, their dialogs come one after the
 * other, and a report may come after its dialog: only one whose input is on the screen may be told with it.
 */
function askedFor(dialog: ScreenDialog, events: readonly StampedEvent[]): Asked | undefined {
  const over = events.findLastIndex((event) => event.type === 'completed' || event.type === 'failed');
  const asked = events.slice(over + 1).filter((event): event is Asked => event.type === 'asked');
  if (dialog.kind === 'plan') return asked.at(-1);
  const seen = bare(`${dialog.title}${dialog.question}${dialog.detail}`);
  return asked.findLast((event) => isShown(event.input, seen));
}

/** Whether the longest line of the input's longest text, or its last line, is on the screen. */
function isShown(input: unknown, seen: string): boolean {
  const texts = Object.values(input ?? {}).filter((value) => typeof value === 'string');
  const [longest = ''] = texts.sort((a, b) => b.length - a.length);
  const lines = longest.split('\n').map(bare).filter(Boolean);
  const [line] = [...lines].sort((a, b) => b.length - a.length);
  return [line, lines.at(-1)].some((part) => part !== undefined && seen.includes(part.slice(0, 120)));
}

function bare(text: string): string {
  return text.replace(/\s+/g, '');
}
