/**
 * zsh 5.0 and later. C comes from the last preexec hook and says how the line ends, D from the first precmd hook and
 * again from `%?` in PROMPT; the last precmd hook puts back what a prompt framework rewrote. Between the output and
 * precmd zsh itself completes an unfinished line (PROMPT_EOL_MARK and spaces): the mark Z stands in front of that, so
 * where Z comes, the output ended there. A redraw (`zle reset-prompt`, a job's message) repeats A, B and D with the
 * same `n=`.
 */
import { defineProfile } from '../src/profile/contract.js';

/*
 * `emulate zsh -c` gives every function zsh's own options, whatever the user set, and no aliases. `%(nL..)` leaves
 * the marks out of a child shell that inherited an exported prompt. No single quote can occur. `$\{` is `${`.
 */
const code = String.raw`
builtin emulate zsh -o noaliases +x -c '
__pwm(){
[[ ! -t 1 ]]||builtin print -n "\e]133;$1;aid=AID\a"
}
__pwD(){
__pwm "D;$?"
}
__pwC(){
__pwH
__pwm "C;ends=$\{$\{1[-64,-1]}//[^!-:<-Z^-~]}"
}
__pwX(){
__pwm "X;$?"
[[ ! -t 1 ]]||command sleep .03
}
__pwH(){
[[ $precmd_functions[1] = __pwD && $precmd_functions[-1] = __pwP ]]||precmd_functions=(__pwD $\{precmd_functions:#__pw[DP]} __pwP)
[[ $preexec_functions[-1] = __pwC ]]||preexec_functions=($\{preexec_functions:#__pwC} __pwC)
}
__pwu(){
PROMPT=$\{$\{PROMPT//"$__pwa"<->"$__pwc"}//"$__pwb"<->"$__pwd"}
PROMPT2=$\{PROMPT2//"$__pws"}
PROMPT_EOL_MARK=$\{$\{PROMPT_EOL_MARK-%B%S%#%s%b}//"$__pwz"}
}
__pwP(){
[[ $precmd_functions[-1] = __pwP || -z $\{__pwn-} ]]||__pwm "A;aid=AID\a\e]133;B"
__pwH
__pwu
PROMPT_EOL_MARK=$__pwz$PROMPT_EOL_MARK
if [[ -o promptpercent ]];then
PROMPT=$__pwa$((++__pwn))$__pwc$PROMPT$__pwb$__pwn$__pwd PROMPT2=$__pws$PROMPT2
else
__pwm "A;aid=AID\a\e]133;B"
fi
}
__pwi(){
[[ $KEYMAP != vicmd ]]||builtin zle -K viins
}
__pwr(){
__pwi
__pwm "P;draft=$(($\{#PREBUFFER}+$\{#BUFFER}))"
}
__pwk(){
__pwi
BUFFER=
}
__pwR(){
builtin local e="$(builtin print "\e")" l
builtin local -i n=0
builtin local -a s
s=("$\{(@f)$\{(S)"$(builtin print -P -- "$PROMPT")"//$e(\]*;aid=AID?|\[*[A-Za-z])}}")
for l in "$\{(@)s[1,-2]}";do n+=1+($\{#l}?($\{(m)#l}-1)/COLUMNS:0);done
l=$s[-1]
builtin print $((n+$\{(m)#l}/COLUMNS))
}
() {
[[ -z $\{__pwa-} ]]||__pwu
builtin local e="$(builtin print -n "\e]133;")" z="$(builtin print -n ";aid=AID\a")"
__pwa="%($((SHLVL+1))L..%{$\{e}D;%?;n=" __pwc="$z$\{e}A$z%})"
__pwb="%($((SHLVL+1))L..%{$\{e}B;n=" __pwd="$z%})"
__pws="%{$\{e}A;k=s$z%}"
__pwz="%{$\{e}Z$z%}"
builtin zle -N __pwr
builtin zle -N __pwk
zshexit_functions=($\{zshexit_functions:#__pwX} __pwX)
builtin local m
for m in emacs viins vicmd main;do
builtin bindkey -M $m "\e[777;1~" __pwr
builtin bindkey -M $m "\e[777;2~" __pwk
done
__pwP
}
'
`;

/*
 * zsh cannot drop one event. So its list is written out without that line and read into a fresh list (`fc -p`);
 * the events keep their numbers and times. What was only in memory goes to the history file first, as it would
 * at exit, because events that were read are not written again; a list shared through the file is read from it.
 */
const forget = String.raw`
builtin emulate zsh -o noaliases +x -c '
__pwF(){
builtin local t="$(command mktemp)" f=$\{HISTFILE-} n=$HISTSIZE s=$\{SAVEHIST:-0} share HISTORY_IGNORE="*AID*"
[[ -n $t ]]||return 0
[[ ! -o sharehistory ]]||share=1
if [[ -n $f && $s -gt 0 ]];then
[[ -n $share || -o incappendhistory || -o incappendhistorytime ]]||builtin fc -AI
if command grep -q AID "$f" 2>/dev/null;then LC_ALL=C command sed "/AID/d" "$f" >$t&&command cat $t >|"$f";fi
else
share=
fi
builtin unset HISTFILE
if [[ -n $share ]];then
builtin fc -p "$f" $n $s
else
builtin setopt localoptions extendedhistory nohistsavenodups nosharehistory
SAVEHIST=$n
builtin fc -W $t
builtin fc -p
HISTSIZE=$n SAVEHIST=$n
builtin fc -R $t
SAVEHIST=$s
[[ -z $f ]]||HISTFILE=$f
fi
command rm -f $t
}
__pwF
builtin unfunction __pwF
'
`;

const fill = (text: string, aid: string): string =>
  text.trim().replaceAll('$\\{', '${').replaceAll('AID', aid);

export const zsh = defineProfile({
  name: 'zsh',
  description: 'Z shell',
  commands: ['zsh', '-zsh'],
  launch: ['zsh'],
  shell: {
    versionVariable: 'ZSH_VERSION',
    script: (aid) => fill(code, aid),
    forget: (aid) => fill(forget, aid),
    promptRowsAbove: '__pwR',
    keys: { report: '\x1b[777;1~', clear: '\x1b[777;2~' },
    multiline: 'paste',
  },
});
