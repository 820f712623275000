/** Draws recorded frames as one animated SVG, which needs no script: CSS shows one frame after the other. */

const CELL = { width: 8.4, height: 18 };
const PAD = 16;
const GAP = 24;
const HEAD = 34;
/** How long a frame stays, in seconds: a call that was just made, a call with its result, the last one. */
const STAY = { made: 0.9, answered: 2.4, last: 6 };
const CALL_COLUMNS = 58;

const INK = {
  text: '#d6deeb',
  dim: '#7f8ea3',
  tool: '#82aaff',
  good: '#addb67',
  bad: '#ff6b6b',
  time: '#ecc48d',
};
const ANSI = ['#4a5568', '#ff6b6b', '#addb67', '#ecc48d', '#82aaff', '#c792ea', '#7fdbca', '#d6deeb'];

/**
 * @param frames `{ calls, screen }`: the calls so far, each with its result once there is one, and the lines of the pane
 * @returns the text of the SVG
 */
export function animated({ frames, columns, rows, title }) {
  const left = CALL_COLUMNS * CELL.width + 2 * PAD;
  const right = columns * CELL.width + 2 * PAD;
  const width = Math.ceil(left + GAP + right);
  const height = Math.ceil(HEAD + rows * CELL.height + 2 * PAD);
  const stays = frames.map(({ calls }, index) => {
    if (index === frames.length - 1) return STAY.last;
    return calls.at(-1)?.answer ? STAY.answered : STAY.made;
  });
  const whole = stays.reduce((sum, one) => sum + one, 0);
  let at = 0;
  const drawn = frames.map(({ calls, screen }, index) => {
    const [from, to] = [at / whole, (at + stays[index]) / whole].map((part) => `${(part * 100).toFixed(2)}%`);
    at += stays[index];
    const isLast = index === frames.length - 1;
    const times = `0%{opacity:${index === 0 ? 1 : 0}}${from}{opacity:1}${to}{opacity:${isLast ? 1 : 0}}100%{opacity:${isLast ? 1 : 0}}`;
    const content = `${callLines(calls, rows)}<g transform="translate(${left + GAP} 0)">${screenLines(screen)}</g>`;
    return {
      style: `@keyframes f${index}{${times}}#f${index}{opacity:0;animation:f${index} ${whole.toFixed(1)}s step-end infinite}`,
      group: `<g id="f${index}">${content}</g>`,
    };
  });
  const last = drawn.length - 1;
  const still = `@media (prefers-reduced-motion:reduce){g[id^=f]{animation:none!important}#f${last}{opacity:1!important}}`;
  const panel = (x, w, name) =>
    `<rect x="${x}" width="${w}" height="${height}" rx="8" fill="#011627"/><text x="${x + PAD}" y="23" fill="${INK.dim}">${name}</text>` +
    `<line x1="${x}" x2="${x + w}" y1="${HEAD}" y2="${HEAD}" stroke="#1d3b53"/>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" xml:space="preserve" role="img" aria-label="${title}">`,
    `<title>${title}</title>`,
    `<style>text{font:14px/1 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}${drawn.map(({ style }) => style).join('')}${still}</style>`,
    panel(0, left, 'the agent calls'),
    panel(left + GAP, right, 'the tmux pane, which you watch'),
    ...drawn.map(({ group }) => group),
    '</svg>',
    '',
  ].join('\n');
}

/** The calls, the newest at the bottom; what does not fit leaves at the top. */
function callLines(calls, rows) {
  const lines = calls.flatMap(({ call, answer, isError, milliseconds }) => [
    { text: `› ${call}`, ink: INK.tool },
    ...(answer ?? ['...']).flatMap((part) =>
      wrapped(part).map((text) => ({
        text: `  ${text}`,
        ink: isError ? INK.bad : answer ? INK.good : INK.dim,
      })),
    ),
    ...(milliseconds === undefined
      ? []
      : [{ text: `  ${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`, ink: INK.time }]),
    { text: '', ink: INK.text },
  ]);
  return lines
    .slice(-rows)
    .map(({ text, ink }, row) => line(row, `<tspan fill="${ink}">${escaped(cut(text))}</tspan>`))
    .join('');
}

const cut = (text) => (text.length > CALL_COLUMNS ? `${text.slice(0, CALL_COLUMNS - 1)}…` : text);

function wrapped(text) {
  const lines = [''];
  for (const word of text.split(' ')) {
    if (`${lines.at(-1)} ${word}`.length > CALL_COLUMNS - 2) lines.push(word);
    else lines[lines.length - 1] += `${lines.at(-1) === '' ? '' : ' '}${word}`;
  }
  return lines;
}

function screenLines(screen) {
  return screen.map((text, row) => line(row, coloured(text))).join('');
}

/** Text with SGR sequences as spans; only foreground colours and their end are used in what is recorded. */
function coloured(text) {
  let ink = INK.text;
  return text
    .split(/(\x1b\[[\d;]*m)/)
    .map((part) => {
      const codes = /^\x1b\[([\d;]*)m$/.exec(part)?.[1];
      if (codes === undefined) return part === '' ? '' : `<tspan fill="${ink}">${escaped(part)}</tspan>`;
      for (const code of codes.split(';').map(Number)) {
        if (code === 0 || code === 39) ink = INK.text;
        if (code >= 30 && code <= 37) ink = ANSI[code - 30];
      }
      return '';
    })
    .join('');
}

function line(row, content) {
  const y = HEAD + PAD + row * CELL.height + 13;
  return content === '' ? '' : `<text x="${PAD}" y="${y}">${content}</text>`;
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
