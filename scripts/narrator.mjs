/** Prints the demo: each call as it went over the wire, what came back, how long it took. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';

const SHOWN_LINES = 6;

export function narrator(root) {
  const colour = process.stdout.isTTY && !process.env.NO_COLOR;
  const paint = (style, text) => (colour ? styleText(style, text) : text);
  const width = Math.max(60, Math.min(process.stdout.columns ?? 100, 120));
  const cut = (text) => (text.length > width - 4 ? `${text.slice(0, width - 5)}…` : text);
  const times = [];

  /** Printable in one line: a pane may show anything. */
  const plain = (line) => cut(line.replaceAll(/[\u0000-\u001f\u007f]/g, '·'));

  function lines(shown) {
    const middle = shown.length > SHOWN_LINES ? `… ${shown.length - SHOWN_LINES} more lines …` : undefined;
    const some = middle ? [...shown.slice(0, 2), middle, ...shown.slice(2 - SHOWN_LINES)] : shown;
    for (const line of some)
      console.log(`  ${paint('dim', '│')} ${line === middle ? paint('dim', line) : plain(line)}`);
  }

  function facts(structured) {
    const names = [
      'state',
      'exit_code',
      'question',
      'timeout_occurred',
      'total_lines',
      'truncated',
      'detection',
    ];
    const told = names.filter((name) => structured[name] !== undefined && structured[name] !== null);
    const useful = told.filter((name) => structured[name] !== false);
    return useful.map((name) => `${name} ${paint('bold', JSON.stringify(structured[name]))}`).join('  ');
  }

  return {
    opening() {
      const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
      console.log(
        `\n${paint('bold', `Panewright ${version}`)}: a real MCP client, a real server, a real pane\n`,
      );
    },

    step({ title, name, args, result, good, milliseconds }) {
      times.push(milliseconds);
      console.log(paint('bold', title));
      console.log(`  ${paint('cyan', name)} ${cut(JSON.stringify(args))}`);
      const { structuredContent: structured } = result;
      if (result.isError) lines([result.content[0]?.text ?? '']);
      else if (structured.sessions) lines(structured.sessions.map((row) => JSON.stringify(row)));
      else lines(structured.output_lines ?? structured.lines ?? []);
      const mark = good ? paint('green', '✓') : paint('red', '✗ not what was promised');
      const time = paint(
        'yellow',
        `${milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0)} ms`,
      );
      console.log(`  ${mark} ${time}  ${result.isError ? '' : facts(structured)}\n`);
      if (!good)
        console.log(`  ${paint('red', JSON.stringify(result.structuredContent ?? result.content))}\n`);
    },

    closing(failed) {
      const median = times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
      const verdict = failed === 0 ? 'each as promised' : `${failed} not as promised`;
      console.log(
        `${times.length} calls, ${verdict}; median ${median.toFixed(1)} ms. Everything is cleaned up.`,
      );
    },
  };
}
