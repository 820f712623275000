/**
 * Checks a profile that somebody else wrote: unknown members are named, patterns are compiled, keys looked up.
 * docs/profile.schema.json and the table in docs/profiles.md are made from the descriptions here.
 */
import * as z from 'zod';
import { parseKey } from '../panes/keys.js';
import type { AgentFacts, Profile } from './contract.js';

/** A pattern that is anchored at both ends: one that is not would find prompts in the middle of output. */
const wholeLine = (description: string) =>
  z
    .string()
    .check(({ value, issues }) => {
      const reason = patternProblem(value);
      if (reason !== undefined) issues.push({ code: 'custom', input: value, message: reason });
    })
    .meta({ description });

function patternProblem(source: string): string | undefined {
  try {
    if (new RegExp(source).test('')) return 'must not match an empty line';
  } catch (error) {
    return `is no regular expression (${(error as Error).message.replace(/^Invalid regular expression: /, '')})`;
  }
  const anchored = source.startsWith('^') && /(?<!\\)(?:\\\\)*\$$/.test(source);
  return anchored ? undefined : 'must begin with ^ and end with $: it describes the whole line';
}

const keyName = (description: string) =>
  z.string().refine(isKey, 'is no name of a key (`C-c`, `Escape`, `C-u`)').meta({ description });

function isKey(name: string): boolean {
  try {
    parseKey(name);
    return true;
  } catch {
    return false;
  }
}

const argument = () => z.string().regex(/^[^\0]*$/, 'must not contain a NUL character');

const ReplSchema = z.strictObject({
  prompt: wholeLine(
    'Regular expression for the line that the cursor is on when the program is ready, up to the cursor: `^>>> $`.',
  ),
  continuation: wholeLine(
    'The same for the prompt that asks for the rest of an unfinished statement: `^\\.\\.\\. $`.',
  ).exactOptional(),
  finish: z.string().exactOptional().meta({
    description:
      'Typed when all lines were sent and the continuation prompt still shows, for a program that wants more than the complete statement: `"\\n"` where a blank line ends a block. Never something that completes the statement itself, such as `;`: a statement that was cut off would be run. Absent: an unfinished statement is dropped and reported.',
  }),
  cancel: keyName(
    'Key that drops a draft, and an unfinished statement, and leaves a clean prompt. Default `C-c`.',
  ).exactOptional(),
  abandon: z.array(z.string().min(1)).exactOptional().meta({
    description:
      'For a program in which `cancel` only empties the line: lines that are submitted one after the other until the prompt is back. They must make the statement an error, whatever is open in it; it must never be run.',
  }),
  unindent: keyName(
    'Key pressed before each further line of a statement, in a program that indents lines by itself: `C-u`.',
  ).exactOptional(),
  quit: z
    .string()
    .min(1)
    .exactOptional()
    .meta({ description: 'Text that ends the program when it is submitted: `exit()`.' }),
});

/** What a profile may say in plain JSON. */
const JsonProfileSchema = z.strictObject({
  $schema: z
    .string()
    .exactOptional()
    .meta({ description: 'Path or address of profile.schema.json, for editors. Means nothing here.' }),
  name: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]*$/, 'must be letters, digits, and . _ - after the first character')
    .meta({ description: 'Name of the profile. A built-in profile of the same name is replaced.' }),
  description: z.string().exactOptional().meta({ description: 'One line for people.' }),
  commands: z
    .array(
      z.string().regex(/^[^\s*/][^*/]*\*?$/, 'must be a name without a path; `*` may only stand at its end'),
    )
    .min(1)
    .meta({
      description:
        "Values of tmux's `pane_current_command` that mean this program; a `*` at the end stands for any rest.",
    }),
  launch: z
    .array(argument())
    .min(1)
    .exactOptional()
    .meta({ description: 'Program and arguments that start it in a pane of its own; no shell reads them.' }),
  repl: ReplSchema.exactOptional().meta({ description: 'How its prompt looks and how to submit to it.' }),
  carrier: z.boolean().exactOptional().meta({
    description:
      'Whether a shell may sit behind the program: one that leads to another host, user or container.',
  }),
});

const code = <T>() => z.custom<T>((value) => typeof value === 'function', 'must be a function');

const ShellSchema = z.strictObject({
  versionVariable: z
    .string()
    .regex(/^[A-Za-z_]\w*$/, 'must be the name of a variable')
    .exactOptional(),
  script: code<(aid: string) => string>(),
  forget: code<(aid: string) => string>().exactOptional(),
  promptRowsAbove: z.string(),
  keys: z
    .strictObject({
      report: z.string().exactOptional(),
      clear: z.string().exactOptional(),
      submit: z.string().exactOptional(),
    })
    .exactOptional(),
  echoesLine: z.boolean().exactOptional(),
  multiline: z.enum(['paste', 'lines']),
});

/** Every member of an agent; one that is added to the contract and missing here does not compile. */
const agentShape = {
  launch: code<AgentFacts['launch']>(),
  exchange: code<AgentFacts['exchange']>(),
  eventFolder: code<AgentFacts['eventFolder']>(),
  readEvent: code<AgentFacts['readEvent']>(),
  home: code<AgentFacts['home']>(),
  statusFile: code<AgentFacts['statusFile']>(),
  readStatus: code<AgentFacts['readStatus']>(),
  transcriptFile: code<AgentFacts['transcriptFile']>(),
  recordReader: code<AgentFacts['recordReader']>(),
  readScreen: code<AgentFacts['readScreen']>(),
  planSubmit: code<AgentFacts['planSubmit']>(),
  isDrawn: code<AgentFacts['isDrawn']>(),
  typing: code<AgentFacts['typing']>(),
  interrupt: z.array(z.string()),
  cancel: z.string(),
  clear: z.string(),
  quit: z.string(),
} satisfies Record<keyof AgentFacts, z.ZodType>;

/** What a profile may say in JavaScript: the same, and what takes functions. */
const CodeProfileSchema = JsonProfileSchema.extend({
  shell: ShellSchema.exactOptional(),
  agent: z.strictObject(agentShape).exactOptional(),
});

/** The schema of a profile in JSON, for editors and docs. */
export function profileJsonSchema(): object {
  return { title: 'Panewright profile', ...z.toJSONSchema(JsonProfileSchema, { io: 'input' }) };
}

/**
 * @param language of the file that the data came from
 * @throws Error whose message is the reason: `unknown member "repl.promt"`
 */
export function profileFrom(data: unknown, language: 'json' | 'code'): Profile {
  const result = (language === 'json' ? JsonProfileSchema : CodeProfileSchema).safeParse(data);
  if (!result.success) throw new Error(result.error.issues.slice(0, 3).map(sentence).join('; '));
  const { $schema: _, ...profile } = result.data;
  return profile;
}

function sentence(issue: z.core.$ZodIssue): string {
  const at = issue.path.map(String);
  if (issue.code === 'unrecognized_keys')
    return `unknown member ${issue.keys.map((key) => JSON.stringify([...at, key].join('.'))).join(', ')}`;
  const subject = at.length === 0 ? 'the profile' : JSON.stringify(at.join('.'));
  return `${subject} ${/^(?:must|is) /.test(issue.message) ? issue.message : `is wrong: ${issue.message}`}`;
}
