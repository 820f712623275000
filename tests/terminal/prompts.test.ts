import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Bed, type Seat, type ShellName } from './bed.js';

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()));
afterAll(() => bed.close());

let homes = 0;

/** A shell with this startup file, in a home of its own. */
async function withStartup(shell: ShellName, text: string): Promise<Seat> {
  const home = join(bed.tmux.home, `home-${String(++homes)}`);
  const file = { bash: '.bashrc', zsh: '.zshrc', fish: '.config/fish/config.fish', sh: '.shrc' }[shell];
  mkdirSync(join(home, '.local/share/fish/generated_completions'), { recursive: true });
  mkdirSync(dirname(join(home, file)), { recursive: true });
  writeFileSync(join(home, file), `${text}\n`);
  const env = {
    HOME: home,
    ZDOTDIR: home,
    ENV: join(home, '.shrc'),
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_DATA_HOME: join(home, '.local/share'),
  };
  const argv = { bash: ['bash'], zsh: ['zsh'], fish: ['fish'], sh: ['sh', '-i'] }[shell];
  return bed.seat(shell, { shell: argv, env });
}

/** What must hold whatever the prompt looks like. */
async function works(seat: Seat): Promise<void> {
  expect(await seat.execute('echo hello')).toMatchObject({
    state: 'completed',
    exit_code: 0,
    output_lines: ['hello'],
    detection: 'integration',
  });
  expect(await seat.execute('sh -c "exit 7"')).toMatchObject({
    exit_code: 7,
    output_lines: [],
    state: 'completed',
  });
  expect(await seat.execute('printf "no newline"')).toMatchObject({
    output_lines: ['no newline'],
    exit_code: 0,
  });
  expect(await seat.execute('seq 1 2000')).toMatchObject({ total_lines: 2000, exit_code: 0 });
  expect(await seat.lines('echo one\necho two')).toEqual(['one', 'two']);
  expect((await seat.execute('echo "open')).state).toBe('incomplete_input');
  expect(await seat.lines('echo clean')).toEqual(['clean']);
  await bed.tmux.type(seat.pane, 'dra');
  await bed.tmux.until(seat.pane, /dra/);
  expect(await seat.refusal('execute', { command: 'echo NEVER' })).toMatch(/^DRAFT_PRESENT: /);
  expect((await seat.execute('echo forced', { force: true })).output_lines).toEqual(['forced']);
}

const PROMPTS: readonly (readonly [shell: ShellName, title: string, startup: string])[] = [
  ['bash', 'PROMPT_COMMAND that rewrites PS1 every time', `PROMPT_COMMAND='PS1="[$?] \\w \\$ "'`],
  ['bash', 'PROMPT_COMMAND as an array', `PROMPT_COMMAND=('a=1' 'PS1="arr> "')`],
  ['bash', 'PROMPT_COMMAND with a semicolon at its end', `PS1='x $ '; PROMPT_COMMAND='history -a;'`],
  ['bash', 'PROMPT_COMMAND that fails', `PS1='f $ '; PROMPT_COMMAND='false'`],
  ['bash', 'PROMPT_COMMAND that prints', `PS1='p $ '; PROMPT_COMMAND='echo "-- $(date +%H) --"'`],
  ['bash', 'PROMPT_COMMAND that sets a title', `PROMPT_COMMAND='printf "\\033]0;%s\\007" "$PWD"'`],
  ['bash', 'two lines', `PS1='\\u in \\w\\n\\$ '`],
  [
    'bash',
    'two lines with colours',
    `PS1='\\[\\e[1;32m\\]\\u@\\h\\[\\e[0m\\] \\w\\n\\[\\e[34m\\]❯\\[\\e[0m\\] '`,
  ],
  ['bash', 'a blank line above', `PS1='\\n\\w \\$ '`],
  ['bash', 'longer than the pane is wide', `PS1='${'long'.repeat(30)} \\$ '`],
  ['bash', 'colours without their brackets', `PS1='\\e[31mred\\e[0m $ '`],
  ['bash', 'with no mark at its end', `PS1='name: '`],
  ['bash', 'a question mark', `PS1='what now? '`],
  ['bash', 'empty', `PS1=''`],
  ['bash', 'a space', `PS1=' '`],
  ['bash', 'the exit code and a job count', `PS1='$? \\j \\! \\# \\t $ '`],
  ['bash', 'a command substitution', `PS1='$(echo sub) $ '`],
  ['bash', 'a DEBUG trap', `trap 'last=$BASH_COMMAND' DEBUG; PS1='d $ '`],
  ['bash', 'vi mode', `set -o vi`],
  ['bash', 'nounset', `set -u`],
  ['bash', 'noclobber, and ignored end of file', `set -o noclobber -o ignoreeof`],
  ['bash', 'no bracketed paste', `bind 'set enable-bracketed-paste off'; PS1='n $ '`],
  ['bash', 'aliases over builtins', `alias echo='echo' history=false stty=false sed=false; PS1='a $ '`],
  [
    'bash',
    'functions over builtins',
    `printf() { command printf "$@"; }; stty() { command stty "$@"; }; PS1='g $ '`,
  ],
  ['bash', 'posix mode', `set -o posix; PS1='px $ '`],
  ['zsh', 'a right prompt', `PROMPT='%~ %# '; RPROMPT='%D{%H:%M} right'`],
  ['zsh', 'two lines', `PROMPT='%n in %~'$'\\n''%# '`],
  ['zsh', 'two lines and a right prompt', `PROMPT=$'%F{blue}%~%f\\n❯ '; RPROMPT='%F{red}%?%f'`],
  ['zsh', 'precmd that rewrites PROMPT', `precmd() { PROMPT="[$?] %~ %# " }`],
  ['zsh', 'precmd_functions', `my() { PROMPT="h %# " }; precmd_functions+=(my)`],
  ['zsh', 'prompt_subst', `setopt promptsubst; PROMPT='$(echo sub) %# '`],
  ['zsh', 'vi mode', `bindkey -v; PROMPT='v %# '`],
  [
    'zsh',
    'vi mode that shows itself',
    `bindkey -v; zle-keymap-select() { RPROMPT=$KEYMAP; zle reset-prompt }; zle -N zle-keymap-select`,
  ],
  ['zsh', 'its own zle-line-init', `zle-line-init() { RPROMPT=on; zle reset-prompt }; zle -N zle-line-init`],
  ['zsh', 'longer than the pane is wide', `PROMPT='${'long'.repeat(30)} %# '`],
  ['zsh', 'options of other shells', `setopt shwordsplit ksharrays nounset noclobber; PROMPT='o %# '`],
  ['zsh', 'no bracketed paste', `unset zle_bracketed_paste; PROMPT='n %# '`],
  ['zsh', 'no prompt_cr and no prompt_sp', `setopt nopromptcr nopromptsp; PROMPT='c %# '`],
  [
    'zsh',
    'shared history',
    `HISTFILE=$HOME/.h HISTSIZE=100 SAVEHIST=100; setopt sharehistory; PROMPT='s %# '`,
  ],
  ['fish', 'two lines', `function fish_prompt; echo (prompt_pwd); echo -n '❯ '; end`],
  ['fish', 'a right prompt', `function fish_right_prompt; date +%H:%M; end`],
  ['fish', 'vi mode', `fish_vi_key_bindings`],
  ['fish', 'vi mode without an indicator', `fish_vi_key_bindings; function fish_mode_prompt; end`],
  ['fish', 'no greeting and a plain prompt', `set fish_greeting; function fish_prompt; echo -n '> '; end`],
  ['fish', 'the status in it', `function fish_prompt; echo -n "[$status] > "; end`],
  ['sh', 'two lines', `PS1='top\nbottom $ '`],
  ['sh', 'the exit code', `PS1='[$?] $ '`],
  ['sh', 'a command substitution', `PS1='$(echo sub) $ '`],
  ['sh', 'colours', `PS1="$(printf '\\033[32m')green$(printf '\\033[0m') $ "`],
  ['sh', 'nounset', `set -u`],
];

describe('every prompt', () => {
  test.each(PROMPTS)('%s: %s', async (shell, _title, startup) => {
    await works(await withStartup(shell, startup));
  });

  // Known: what the user's own PS0 prints for the second of several pasted commands counts as output.
  test.failing('bash: its own PS0', async () => {
    await works(await withStartup('bash', `PS0='[start]\\n'; PS1='z $ '`));
  });
});

const OVERWRITES: readonly (readonly [shell: ShellName, command: string])[] = [
  ['bash', "PS1='x '"],
  ['bash', "PS1='x $ '"],
  ['bash', 'PROMPT_COMMAND='],
  ['bash', 'unset PROMPT_COMMAND'],
  ['bash', 'PROMPT_COMMAND=\'PS1="new> "\''],
  ['bash', 'PS0='],
  ['bash', "PS1='x $ ' PROMPT_COMMAND= PS0= PS2="],
  ['bash', 'exec bash --norc --noprofile'],
  ['bash', 'set -o vi'],
  ['bash', 'set -o emacs'],
  ['bash', 'set -u'],
  ['bash', 'reset'],
  ['bash', 'stty sane'],
  ['zsh', "PROMPT='x %# '"],
  ['zsh', 'precmd_functions=() preexec_functions=()'],
  ['zsh', 'precmd() { PROMPT="y %# " }'],
  ['zsh', 'bindkey -v'],
  ['zsh', 'bindkey -d'],
  ['zsh', 'exec zsh -f'],
  ['fish', 'function fish_prompt; echo -n "x > "; end'],
  ['fish', 'fish_vi_key_bindings'],
  ['fish', 'exec fish'],
  ['sh', "PS1='x $ '"],
  ['sh', 'set -u'],
  ['sh', 'exec sh'],
];

describe('the integration survives', () => {
  const survives = async (shell: ShellName, command: string) => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    const done = await seat.execute(command);
    // What replaces the shell itself may be seen as running until its prompt is looked at.
    expect(['completed', 'waiting_for_input']).toContain(done.state);
    await works(seat);
  };
  test.each(OVERWRITES)('%s: %s', survives);
  // Known: without promptpercent the secondary prompt cannot carry a mark, so an unfinished command looks like a question.
  test.failing.each([['zsh', 'setopt nopromptpercent']] as const)('%s: %s', survives);
});
