/**
 * Plain POSIX sh (dash, busybox ash, ksh): no hooks, so PS1 carries the marks; such a shell expands `$?` in it
 * each time. There is no C: output begins after the echo of the command line. The terminal echoes what is typed
 * and no line editor can be asked.
 */
import { defineProfile } from '../src/profile/contract.js';

/*
 * busybox and mksh edit lines themselves and must be told what takes no room: busybox by `\[ \]`, mksh by a
 * character of PS1's own choice in front of a carriage return. `$\{` stands for `${`.
 */
const code = String.raw`
__pwe=$(\printf '\033') __pwz=$(\printf ';aid=AID\007') __pwl= __pwr= __pwf=
case $(\readlink /proc/$$/exe 2>/dev/null) in *busybox*)__pwl='\[' __pwr='\]';;esac
case $\{KSH_VERSION-} in *MIRBSD*)__pwl=$(\printf '\001') __pwr=$__pwl
case $\{PS1-} in ?"$(\printf '\r')"*)__pwf=$(\printf '%.2s' "$PS1") __pwl=$\{__pwf%?} __pwr=$__pwl;;*)__pwf=$__pwl$(\printf '\r');;esac;;esac
PS1=$\{PS1-} PS2=$\{PS2-}
PS1=$\{PS1#"$\{__pwa-}"} PS1=$\{PS1%"$\{__pwb-}"} PS2=$\{PS2#"$\{__pws-}"}
PS1=$\{PS1#"$__pwf"}
__pwa=$__pwf$__pwl$__pwe']133;D;$?'$__pwz$__pwe']133;A'$__pwz$__pwr
__pwb=$__pwl$__pwe']133;B'$__pwz$__pwr
__pws=$__pwl$__pwe']133;A;k=s'$__pwz$__pwr
PS1=$__pwa$PS1$__pwb PS2=$__pws$PS2
__pwX(){
[ ! -t 1 ]||{ \printf '\033]133;X;%s;aid=AID\007' "$1";command sleep .03 2>/dev/null;}
}
case $(trap) in *EXIT*);;*)trap '__pwX $?' EXIT;;esac
__pwR(){
set -- $(stty size)
eval "cat <<AID
$\{PS1#"$__pwa"}
AID
"|sed "s/$__pwe]133;B.*//;s/$__pwe\[[0-9;]*[A-Za-z]//g"|awk -v w="$2" '{l=length($0);m=n+int(l/w);n+=l?int((l-1)/w)+1:1}END{print m}'
}
`;

export const sh = defineProfile({
  name: 'sh',
  description: 'POSIX shell without hooks: dash, ash, ksh',
  commands: ['sh', '-sh', 'dash', '-dash', 'ash', '-ash', 'ksh*', 'mksh', 'busybox'],
  launch: ['sh'],
  shell: {
    script: (aid) => code.trim().replaceAll('$\\{', '${').replaceAll('AID', aid),
    promptRowsAbove: '__pwR',
    multiline: 'lines',
  },
});
