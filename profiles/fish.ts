/**
 * fish 3.4 and later. C, D and A come from its events; B stands behind what the user's own `fish_prompt` prints,
 * which is wrapped, and wrapped again when it was defined anew; a repainted prompt repeats B with the same `n=`. Version 4 prints OSC 133 marks of its own, which
 * carry no nonce. fish edits several lines in one buffer and has no secondary prompt: Enter on an unfinished
 * command would only add a line, so the engine submits by a key that first asks whether the buffer is complete. That
 * key tells that it was pressed, too: of a line that somebody else enters there is no P.
 */
import { defineProfile } from '../src/profile/contract.js';

const code = String.raw`
function __pwm;builtin printf '\e]133;%s;aid=AID\a' $argv[1];end
function __pwc --on-event fish_preexec;__pwm C;end
function __pwd --on-event fish_postexec;__pwm "D;$status";end
function __pwx --on-event fish_exit;__pwm "X;$status";command sleep .03;end
function __pww
functions fish_prompt|string match -q '*__pwm "B*';and return
functions -e __pwo
functions -c fish_prompt __pwo
function fish_prompt;__pwo;__pwm "B;n=$__pwn;tells=submit";end
end
function __pwh
for l in (builtin history search -z -n 9 --contains AID|string split0);builtin history delete -eC -- $l;end
builtin history save
set -e __pwf
end
function __pwa --on-event fish_prompt
__pwm "D;$status"
set -g __pwn (math $__pwn + 1)
set -q __pwf;and __pwh
__pww
__pwm A
end
function __pwi;contains -- "$fish_key_bindings" fish_vi_key_bindings fish_hybrid_key_bindings;and test $fish_bind_mode = default;and set fish_bind_mode insert;and commandline -f repaint-mode;end
function __pwr;__pwi;__pwm "P;draft="(math (string length -- (commandline|string collect -N)) - 1);end
function __pwk;__pwi;commandline -r '';end
function __pws
__pwm 'P;submitted'
commandline --is-valid
switch $status
case 0;commandline -f execute
case 2;__pwm 'P;incomplete'
case '*'
set -l b (commandline|string collect)
if string match -qr '(^|[^\\\\])(\\\\\\\\)*\\\\$' -- $b;__pwm 'P;incomplete';return;end
echo
__pwm C
echo $b|command fish -n
__pwm "D;123"
set -g __pwn (math $__pwn + 1)
commandline -r ''
commandline -f repaint
end
end
for m in default insert visual replace replace_one
bind -M $m \e\[777\;1~ __pwr
bind -M $m \e\[777\;2~ __pwk
bind -M $m \e\[777\;3~ __pws
end
bind -M paste \t 'commandline -i \t'
`;

export const fish = defineProfile({
  name: 'fish',
  description: 'Friendly interactive shell',
  commands: ['fish', '-fish'],
  launch: ['fish'],
  shell: {
    versionVariable: 'FISH_VERSION',
    script: (aid) => code.trim().replaceAll('AID', aid),
    forget: () => 'set -g __pwf',
    promptRowsAbove: 'math (count (fish_prompt;echo)) - 1',
    keys: { report: '\x1b[777;1~', clear: '\x1b[777;2~', submit: '\x1b[777;3~' },
    multiline: 'paste',
  },
});
