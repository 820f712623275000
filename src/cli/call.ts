/** `panewright call TOOL '{json}'`: one tool, used from a terminal. */
import type { CallIo, JsonObject, ToolResult } from '../tools/toolbox.js';
import { composeToolbox } from './compose.js';
import { painter, plain } from './paint.js';
import type { Runner } from './runner.js';

export const call: Runner = async ({ words, config, flags, options }, program) => {
  const [tool = '', json = '{}'] = words;
  const args = parsed(json);
  if (args === undefined) {
    program.log(`panewright: the arguments of ${tool} must be a JSON object, such as '{"session": "work"}'.`);
    return 2;
  }
  const spinner = new Spinner();
  const stop = new AbortController();
  const toolbox = await composeToolbox({ ...program, log: () => undefined, config, flags });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const io: CallIo = {
    signal: stop.signal,
    client: 'panewright-call',
    progress: (message) => spinner.say(message),
  };
  try {
    spinner.say(tool);
    const result = await toolbox.call(tool, args, io);
    spinner.end();
    show(result, options.has('json'));
    return result.isError ? 1 : 0;
  } finally {
    spinner.end();
    await toolbox.close();
  }
};

function parsed(json: string): JsonObject | undefined {
  try {
    const value = JSON.parse(json) as unknown;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

function show({ structured, text, isError }: ToolResult, asJson: boolean): void {
  const paint = painter(process.stdout);
  if (asJson) process.stdout.write(`${isError ? JSON.stringify({ error: text }) : text}\n`);
  else if (isError || !structured) process.stderr.write(`${painter(process.stderr)('red', plain(text))}\n`);
  else process.stdout.write(`${lines(structured, '', (label) => paint('dim', label)).join('\n')}\n`);
}

/** Facts one a line, texts and lists indented below their names. */
function lines(value: JsonObject, indent: string, label: (text: string) => string): string[] {
  return Object.entries(value).flatMap(([name, item]) => {
    const head = `${indent}${label(`${name}:`)}`;
    const inner = `${indent}  `;
    if (Array.isArray(item)) {
      const rows = item.flatMap((row: unknown) =>
        isObject(row) ? [...lines(row, inner, label), ''] : [`${inner}${leaf(row)}`],
      );
      return rows.length === 0 ? [`${head} none`] : [head, ...rows];
    }
    if (isObject(item)) return [head, ...lines(item, inner, label)];
    const text = leaf(item).split('\n');
    return text.length === 1 ? [`${head} ${text[0] ?? ''}`] : [head, ...text.map((line) => inner + line)];
  });
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const leaf = (value: unknown): string => plain(typeof value === 'string' ? value : JSON.stringify(value));

/** Shows on a terminal that something goes on, from half a second on. */
class Spinner {
  #message = '';
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;

  say(message: string): void {
    this.#message = plain(message).slice(0, 70);
    if (process.stderr.isTTY) this.#timer ??= setInterval(() => this.#draw(), 500);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#turn > 0) process.stderr.write('\r\x1b[K');
    this.#turn = 0;
  }

  #draw(): void {
    this.#turn += 1;
    process.stderr.write(`\r\x1b[K${'|/-\\'[this.#turn % 4] ?? ''} ${this.#message}`);
  }
}
