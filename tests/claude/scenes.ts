/** The states worth a golden file, and how to get there. One scene is one life of a REPL. */
import { join } from 'node:path';
import type { Bed } from './bed.js';
import { Recorder } from './record.js';

type Scene = (bed: Bed) => Promise<void>;

const DEFAULT = { args: ['--permission-mode', 'default'] };

const colours = (multiSelect: boolean, n = 1): object => ({
  question: `Which colour number ${n}?`,
  header: `Colour ${n}`,
  multiSelect,
  options: [
    { label: 'Red', description: 'the warm one' },
    { label: 'Blue', description: 'the cold one' },
  ],
});

const never = new Promise(() => {});

/** Starting, the first prompt, an answer, drafts, modes of the composer, interrupt, exit. */
const turn: Scene = async (bed) => {
  const rec = await Recorder.start(bed, {});
  const { repl } = rec;
  await repl.ready();
  await repl.shows('⏵⏵ auto mode on');
  await rec.take('ready-fresh', 'ready');
  await repl.type('half a thought');
  await repl.shows('half a thought');
  await rec.take('ready-draft', 'ready');
  await bed.tmux('set-buffer', '-b', 'x', '\nsecond line\n\nfourth ❯ line');
  await bed.tmux('paste-buffer', '-d', '-r', '-b', 'x', '-t', repl.pane);
  await repl.shows('fourth ❯ line');
  await rec.take('ready-draft-lines', 'ready');
  await repl.keys('C-c');
  await repl.shows(/^❯\s*$/m);
  await rec.take('ready-after-c-c', 'ready');
  await repl.type('!');
  await repl.shows('for shell mode');
  await rec.take('ready-shell-mode', 'ready');
  await repl.keys('BSpace');
  await repl.shows('⏵⏵ auto mode on');
  await repl.type('/mod');
  await repl.shows('/model');
  await rec.take('ready-slash-menu', 'ready');
  await repl.keys('C-u');
  await repl.shows('⏵⏵ auto mode on');
  let release!: () => void;
  bed.api.when('tell', [
    new Promise<void>((resolve) => (release = resolve)),
    'One **bold** line\n\n- item\n',
    never,
  ]);
  await repl.submit('tell');
  await repl.shows('esc to interrupt');
  await rec.take('busy-thinking', 'busy');
  release();
  await repl.shows('item');
  await rec.take('busy-streaming', 'busy');
  await repl.submit('and another thing');
  await repl.shows('Queued');
  await rec.take('busy-queued', 'busy');
  await repl.type('a draft while busy');
  await repl.shows('a draft while busy');
  await rec.take('busy-draft', 'busy');
  await repl.keys('C-u');
  await repl.shows('Press up to edit');
  bed.api.when('and another thing', 'Both seen.\n\n```sh\nls | wc\n```\n');
  await repl.keys('Escape');
  await repl.shows('Both seen');
  await repl.status('idle');
  await repl.shows('done ');
  await rec.take('ready-answered', 'ready');
  bed.api.when('stop me', ['Partial\n\nanswer', never]);
  await repl.submit('stop me');
  await repl.shows('Partial');
  await repl.keys('Escape');
  await repl.status('idle');
  await repl.shows('Interrupted');
  await rec.take('ready-interrupted', 'ready');
  bed.api.when('fail', { status: 529, message: 'Overloaded' });
  await repl.submit('fail');
  await repl.hook('StopFailure');
  await repl.status('idle');
  await repl.shows('API Error');
  await rec.take('ready-failed', 'ready');
  await repl.keys('C-d');
  await repl.shows('again to exit');
  await rec.take('ready-exit-asked', 'ready');
  await repl.keys('C-d');
  await repl.hook('SessionEnd');
  await repl.shows('Pane is dead');
  await rec.take('exited', 'exited');
};

/** Every permission dialog. */
const permissions: Scene = async (bed) => {
  const rec = await Recorder.start(bed, DEFAULT);
  const { repl } = rec;
  await repl.ready();
  bed.api.when((request) => request.followUp, 'seen');
  const command = 'mkdir -p made && echo "a; b" | cat\necho second';
  bed.api.when('run it', [
    'I run it.',
    { tool: 'Bash', input: { command, description: 'Make a directory' } },
  ]);
  await repl.submit('run it');
  await repl.asks();
  await rec.take('dialog-bash', 'dialog');
  await repl.press('Down', /❯ 2\./);
  await rec.take('dialog-bash-moved', 'dialog');
  await repl.press('Up', /❯ 1\./);
  await repl.press('Tab', /tell Claude/);
  await rec.take('dialog-bash-amend', 'dialog');
  await repl.press('Escape', 'idle');
  const file_path = join(bed.dir, 'work', 'new.txt');
  bed.api.when('write it', [{ tool: 'Write', input: { file_path, content: 'one\ntwo\nthree\n' } }]);
  await repl.submit('write it');
  await repl.shows('Waiting for permission');
  await rec.take('busy-dialog-held-back', 'busy');
  await repl.asks();
  await rec.take('dialog-write', 'dialog');
  await repl.press('Enter', 'idle');
  await repl.shows('seen');
  bed.api.when('edit it', [{ tool: 'Edit', input: { file_path, old_string: 'two', new_string: 'TWO' } }]);
  await repl.submit('edit it');
  await repl.asks();
  await rec.take('dialog-edit', 'dialog');
  await repl.press('Escape', 'idle');
};

/** Questions of every shape. */
const questions: Scene = async (bed) => {
  const rec = await Recorder.start(bed, DEFAULT);
  const { repl } = rec;
  await repl.ready();
  bed.api.when((request) => request.followUp, 'thanks');
  const ask = (...questions: object[]): object[] => [{ tool: 'AskUserQuestion', input: { questions } }];
  bed.api.when('one', ask(colours(false)) as never);
  bed.api.when('many', ask(colours(true)) as never);
  bed.api.when('two', ask(colours(false), colours(true, 2)) as never);
  await repl.submit('one');
  await repl.asks();
  await rec.take('dialog-question', 'dialog');
  await repl.press('Down', /❯ 2\./);
  await repl.press('Down', /❯ 3\./);
  await rec.take('dialog-question-free', 'dialog');
  await repl.type('Green; really');
  // The field takes text a moment after it is drawn; what comes earlier is lost.
  await repl.shows('Green; really').catch(() => repl.type('Green; really'));
  await repl.shows('Green; really');
  await rec.take('dialog-question-typed', 'dialog');
  await repl.press('Enter', 'idle');
  await repl.submit('many');
  await repl.asks();
  await repl.press('1', /1\. \[✔\]/);
  await rec.take('dialog-question-multi', 'dialog');
  await repl.press('Right', /Submit answers/);
  await rec.take('dialog-question-review', 'dialog');
  await repl.press('Enter', 'idle');
  await repl.submit('two');
  await repl.asks();
  await rec.take('dialog-questions', 'dialog');
  await repl.press('Escape', 'idle');
};

/** A plan to approve, and the program's own pickers. */
const others: Scene = async (bed) => {
  const rec = await Recorder.start(bed, { args: ['--permission-mode', 'plan'] });
  const { repl } = rec;
  await repl.ready();
  await repl.shows('plan mode on');
  await rec.take('ready-plan-mode', 'ready');
  bed.api.when('plan it', [
    'My plan.',
    { tool: 'ExitPlanMode', input: { plan: '# Plan\n\n1. do\n2. check' } },
  ] as never);
  await repl.submit('plan it');
  await repl.asks();
  await rec.take('dialog-plan', 'dialog');
  await repl.press('Escape', 'idle');
  for (const [command, sign] of [
    ['/model', 'Select model'],
    ['/config', 'Search settings'],
    ['/help', 'Shortcuts'],
    ['/permissions', /Allow|Permissions/],
    ['/rewind', /[Rr]ewind/],
    ['/resume', /Resume/],
  ] as const) {
    await repl.shows(/^❯\s*$/m);
    await repl.type(command);
    await repl.shows(new RegExp(`^❯\\s${command}\\s*$`, 'm'));
    await repl.keys('Enter');
    await repl.status('waiting').catch(() => undefined);
    await repl.shows(sign);
    await rec.take(`dialog-command-${command.slice(1)}`, 'dialog');
    await repl.press('Escape', 'idle');
  }
};

/** Before there is a session: trust. In a narrow pane, too. */
const trust: Scene = async (bed) => {
  const cwd = bed.folder('strange', false);
  const wide = await Recorder.start(bed, { cwd });
  await wide.repl.shows('Yes, I trust');
  await wide.take('dialog-trust', 'dialog');
  const narrow = await Recorder.start(bed, { cwd, name: 'narrow', width: 50, height: 20 });
  await narrow.repl.shows('Yes, I trust');
  await narrow.take('dialog-trust-narrow', 'dialog');
  await wide.repl.press('Down', /❯ Yes, I trust/);
  await wide.take('dialog-trust-moved', 'dialog');
  await wide.repl.press('Enter', 'idle');
};

/** A shell command that goes on in the background after the turn. */
const background: Scene = async (bed) => {
  const rec = await Recorder.start(bed, {
    args: ['--permission-mode', 'default', '--allowed-tools', 'Bash'],
  });
  const { repl } = rec;
  await repl.ready();
  bed.api.when((request) => request.followUp, 'It runs.');
  const run = (input: object): object[] => [{ tool: 'Bash', input }];
  bed.api.when('start it', run({ command: 'tail -f /dev/null', run_in_background: true }) as never);
  bed.api.when('wait for it', run({ command: 'tail -f /dev/null' }) as never);
  await repl.submit('start it');
  await repl.hook('Stop');
  await repl.status('shell');
  await rec.take('ready-background', 'ready');
  await repl.submit('wait for it');
  await repl.shows('esc to interrupt');
  await repl.hook('PreToolUse', 2);
  await rec.take('busy-tool', 'busy');
  await repl.keys('Escape');
  await repl.shows('Interrupted');
};

/** Auto mode whose safety check cannot be had: a dialog without rows to choose from. */
const autoMode: Scene = async (bed) => {
  const rec = await Recorder.start(bed, { args: ['--permission-mode', 'auto'] });
  const { repl } = rec;
  await repl.ready();
  bed.api.when('try it', [{ tool: 'Bash', input: { command: 'read x < go; echo done' } }]);
  await repl.submit('try it');
  await repl.asks("can't check actions");
  await rec.take('dialog-auto-mode', 'dialog');
};

export const SCENES: Readonly<Record<string, Scene>> = {
  turn,
  permissions,
  questions,
  others,
  trust,
  background,
  autoMode,
};
