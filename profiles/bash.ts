/**
 * bash 3.2 and later. Before 4.4 there is no PS0: a DEBUG trap marks the start of output there, if that trap is
 * free; before 4.3 the draft cannot be asked.
 *
 * C comes from PS0. D comes from the front of PROMPT_COMMAND, and again, as the status in A, from inside PS1:
 * whichever of the two a user or a prompt framework overwrites, the other is left, and the end of PROMPT_COMMAND puts
 * everything back. Where nobody else has anything in PROMPT_COMMAND, its front and its end are one hook.
 * Both D of one command carry the same status; the first one after C is where the output ended. Readline redraws
 * its prompt now and then (Ctrl-L, a resize, the report key, a pasted text that loses its highlight at Enter): A, B
 * and D come again then, and tell by an unchanged `n=` that no command was in between. PS1 and PS0 also bring a
 * replaced PROMPT_COMMAND back, by a `:=` inside a mark. X, with the status, comes from the EXIT trap, if that is free.
 */
import { defineProfile } from '../src/profile/contract.js';

/*
 * Why it looks like that. Aliases are off while the functions are read; `builtin` passes over functions of the
 * same name. A hook stands on a line of its own, which is how hook frameworks (bash-preexec) recognise what is
 * theirs to ignore; the redirection around it keeps it out of `set -x`. `${__pwv+...}` in PS1, brackets and all, is
 * empty in a child shell, be it sh, that inherited an exported PS1; without promptvars the plain marks (__pwa, __pwe) serve.
 * PROMPT_COMMAND[0] keeps the user's own text behind ours, so that assigning it still replaces it. Where it was
 * changed, what runs behind us may rewrite PS1 this once: A and B are printed at once, before the prompt. Every bare
 * test has an `||`, for `set -e`. What __pwQ has put in order is remembered in __pwK, so that an ordinary prompt takes
 * one comparison; __pwP prints D itself, for bash copies a function's body at each call. `$\{` stands for `${`.
 */
const code = String.raw`
\builtin shopt -q expand_aliases&&__pwx=1||__pwx=
\builtin shopt -u expand_aliases
__pwu(){
PS1=$\{PS1-} PS2=$\{PS2-}
[[ -z $\{__pwa-} ]]||for __pwq in "$__pwd" "$__pwb" "$__pwa" "$__pwe" "$__pws";do PS1=$\{PS1//"$__pwq"/} PS2=$\{PS2//"$__pwq"/};done
}
__pwn=0 __pwy=0 __pwK= __pwN=$\{__pwN-0} __pwv=$((BASH_VERSINFO[0]*100+BASH_VERSINFO[1]))
{
(PROMPT_COMMAND=)||__pwn=1
(PS1=;PS2=)||__pwy=1
(PS0=)||__pwv=403
} 2>/dev/null
((__pwy))||__pwu
((__pwv<404))||[[ -z $\{__pwc-} || -z $\{PS0-} ]]||PS0=$\{PS0//"$__pwc"/}
__pwh=PROMPT_COMMAND __pwz=';aid=AID\a'
((__pwv<501))||__pwh+='[99]'
((__pwn))&&__pwh=||__pwh=";h=\$\{__pwv/\$\{$__pwh:=__pwP}}"
__pwd='$\{__pwv+\[\e]133;A;d=$?;n=$((__pwN+=1))'$__pwh$__pwz'\]}'
__pwb='$\{__pwv+\[\e]133;B;n=$__pwN;aid=NAMED\a\]}'
__pwa='\[\e]133;A'$__pwz'\]'
__pwe='\[\e]133;B;aid=NAMED\a\]'
__pws='\[\e]133;A;k=s'$__pwz'\]'
__pwc='\e]133;C'$__pwh$__pwz
__pwf=$'{\n__pwD\n} >&2 2>/dev/null'
__pwg=$'{\n__pwP\n} >&2 2>/dev/null'
__pwm(){
builtin printf "\033]133;%s$__pwz" "$1"
}
__pwB(){
__pwm A
builtin printf '\033]133;B;aid=NAMED\a'
}
__pwD(){
__pwq=$? __pwt=
[[ $\{PROMPT_COMMAND-} != "$__pwf"* || ! -t 1 ]]||__pwm "D;$__pwq"
[[ $- = *e* || $\{PROMPT_COMMAND-} = "$__pwf" ]]||return "$__pwq"
}
__pwP(){
__pwq=$? __pwp=$\{PROMPT_COMMAND[*]-}
[[ $__pwp != "$__pwg"* || ! -t 1 ]]||builtin printf "\033]133;D;$__pwq$__pwz"
[[ $\{PS1-}/$\{PS2-}/$\{PS0-}/$__pwp = "$__pwK" ]]&&builtin shopt -q promptvars||__pwQ
__pwt=1
}
__pwQ(){
((__pwn))||__pwH
if((__pwy));then
__pwB
else
__pwi=$__pwd __pwj=$__pwb
builtin shopt -q promptvars||__pwi=$__pwa __pwj=$__pwe
[[ $\{PS1-} = "$__pwi"*"$__pwj" && $\{PS2-} = "$__pws"* ]]||{
__pwu
PS1=$__pwi$PS1$__pwj PS2=$__pws$PS2
}
fi
((__pwv<404))||[[ $\{PS0-} = *"$__pwc" ]]||PS0=$\{PS0-}$__pwc
((__pwy))||__pwK=$\{PS1-}/$\{PS2-}/$\{PS0-}/$\{PROMPT_COMMAND[*]-}
}
__pwH(){
__pwq=$\{PROMPT_COMMAND-}
[[ $__pwp = "$__pwg" ]]||
if((__pwv<501));then
[[ $__pwq = "$__pwf"*"$__pwg" ]]||{
__pwo
PROMPT_COMMAND=$\{__pwq:+$__pwf$__pwq$'\n'}$__pwg
}
else
[[ $__pwq = "$__pwf"* && $\{PROMPT_COMMAND[99]-} = "$__pwg" && $\{#PROMPT_COMMAND[@]} = "$__pwl" ]]||{
__pwo
builtin unset PROMPT_COMMAND\[99]||:
[[ -z $__pwq$\{PROMPT_COMMAND[*]:1} ]]&&PROMPT_COMMAND=()||PROMPT_COMMAND=("$__pwf$__pwq" "$\{PROMPT_COMMAND[@]:1}")
PROMPT_COMMAND[99]=$__pwg
__pwl=$\{#PROMPT_COMMAND[@]}
}
fi
}
__pwo(){
[[ -z $\{__pwl-} || $__pwp != "$__pwf"* && $__pwp != "$__pwg"* ]]||__pwB
__pwl=1
__pwq=$\{__pwq#"$__pwf"}
__pwq=$\{__pwq#$'\n'}
__pwq=$\{__pwq%$'\n'"$__pwg"}
__pwq=$\{__pwq//"$__pwf"/:}
__pwq=$\{__pwq//"$__pwg"/:}
__pwq=$\{__pwq//__pwP/:}
[[ -z $__pwq ]]||__pwq=$'\n'$__pwq
}
__pwC(){
[[ -z $__pwt || $1 = __pw* || -n $\{COMP_LINE-} ]]||{ __pwt=;__pwm C;}
}
((__pwv>403))||[[ -n $(trap -p DEBUG) ]]||trap '__pwC "$BASH_COMMAND"' DEBUG
[[ -n $(trap -p EXIT) ]]||trap '{ __pwm "X;$?";\sleep .03;} 2>/dev/null >/dev/tty' EXIT
__pwr(){
__pwm "P;draft=$\{#READLINE_LINE}"
}
__pwk(){
builtin bind -m "$1" '"\e[777;2~":kill-whole-line'
if((__pwv<403));then builtin bind -m "$1" '"\e[777;1~":""';else builtin bind -m "$1" -x '"\e[777;1~":{ __pwr;} 2>/dev/null';fi
}
{
__pwk emacs
__pwk vi-insert
builtin bind -m vi-command '"\e[777;1~":"i\e[777;1~"' '"\e[777;2~":"i\e[777;2~"'
} 2>/dev/null||:
__pwR(){
p=$\{PS1-} n=0 w=$\{COLUMNS:-80}
((__pwv<404))||eval 'p=$\{PS1@P}'
p=$\{p//'\n'/$'\n'}
while [[ $p = *$'\1'*$'\2'* ]];do p=$\{p%%$'\1'*}$\{p#*$'\2'};done
while [[ $p = *$'\e['*[A-Za-z]* ]];do l=$\{p#*$'\e['} p=$\{p%%$'\e['*}$\{l#*[A-Za-z]};done
while [[ $p = *$'\n'* ]];do
l=$\{p%%$'\n'*} p=$\{p#*$'\n'}
((n+=1+($\{#l}?($\{#l}-1)/w:0)))
done
echo $((n+$\{#p}/w))
}
__pwP
[[ -z $__pwx ]]||builtin shopt -s expand_aliases
`;

const forget = String.raw`__pwq=$(HISTTIMEFORMAT= \builtin history 1)
[[ $__pwq != *AID* ]]||{ __pwq=$\{__pwq#"$\{__pwq%%[0-9]*}"};\builtin history -d "$\{__pwq%%[!0-9]*}";}`;

/**
 * The name behind the nonce need only stand in B: bash, and tmux, work through each byte of a prompt. In one pass: what
 * is filled in may hold such a word itself.
 */
const fill = (text: string, aid: string): string =>
  text
    .trim()
    .replaceAll('$\\{', '${')
    .replace(/NAMED|AID/g, (word) => (word === 'NAMED' ? aid : aid.replace(/-.*/, '')));

export const bash = defineProfile({
  name: 'bash',
  description: 'GNU Bourne-Again Shell',
  commands: ['bash', '-bash', 'rbash'],
  launch: ['bash'],
  shell: {
    versionVariable: 'BASH_VERSION',
    script: (aid) => fill(code, aid),
    forget: (aid) => fill(forget, aid),
    promptRowsAbove: '__pwR',
    keys: { report: '\x1b[777;1~', clear: '\x1b[777;2~' },
    echoesLine: true,
    multiline: 'paste',
  },
});
