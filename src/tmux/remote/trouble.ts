/** Why a host cannot be reached, in the words of what carries us there, and what to do about it. */
import { PanewrightError } from '../../errors.js';

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /host key verification failed|identification has changed/i,
    'Its host key is not the one that you know: connect once by hand, compare the key, and accept or mend it there. Panewright never accepts a key.',
  ],
  [
    /permission denied|too many authentication failures/i,
    'Log in must work by key and without a question: try `ssh -o BatchMode=yes` with the same destination.',
  ],
  [/connection refused/i, 'Nothing listens there: is sshd running, and is the port right?'],
  [/could not resolve/i, 'The name is not known here: mend it in the configuration.'],
  [
    /timed out|timeout|no answer|no route|unreachable/i,
    'It does not answer: is it up, and can it be reached from here?',
  ],
  [/no such container|is not running|not found/i, 'Start it, or mend its name in the configuration.'],
  [/ENOENT/, 'Install the program that leads to the host, or mend its name in the configuration.'],
];

export function unreachable(host: string, way: string, words: string): PanewrightError {
  const said = sentence(words);
  const advice = ADVICE.find(([pattern]) => pattern.test(words))?.[1] ?? 'Try the same by hand.';
  return new PanewrightError('HOST_UNREACHABLE', `host ${host} (${way}) cannot be reached: ${said}.`, advice);
}

/** The last lines, where programs say what was fatal; warnings and art before them are dropped. */
function sentence(words: string): string {
  const lines = words
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^[@\s]+$/.test(line) && !/^Warning: Permanently added/.test(line));
  const tail = lines.slice(-2).join(' ') || 'it said nothing';
  return tail.slice(-300).replace(/[.?!\s]+$/, '');
}
