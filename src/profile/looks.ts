/**
 * How a line with the cursor at its end looks: a shell's prompt, a draft behind one, a question. Only used where
 * no mark can tell.
 */

/** Characters that end a shell's prompt, nearly always. */
const STRONG = /[$#%❯»λ›>✗]\s?$/;
/** A prompt followed by something typed. */
const DRAFT = /^(.*?[$#%❯»λ›>] )(\s*\S.*)$/;

/** What a line may be to a shell that waits for a command. */
export type Look =
  | { readonly kind: 'prompt' }
  | { readonly kind: 'draft'; readonly draft: string }
  | { readonly kind: 'other' };

/** @param before the cursor's line up to the cursor */
export function promptLook(before: string): Look {
  if (before.trim() === '') return { kind: 'other' };
  if (strongQuestion(before)) return { kind: 'other' };
  if (STRONG.test(before)) return { kind: 'prompt' };
  const draft = DRAFT.exec(before)?.[2];
  if (draft !== undefined) return { kind: 'draft', draft };
  // Themes end prompts in anything, but in a space behind it: "➜  project git:(main) ✗ ".
  return /\s$/.test(before) && !weakQuestion(before) ? { kind: 'prompt' } : { kind: 'other' };
}

/** For a program that nobody knows, only the plainest of prompts counts. */
export function plainPrompt(before: string): boolean {
  return /\S*[$#%>❯»λ]\s?$/.test(before) && !strongQuestion(before) && before.length < 80;
}

/** A pattern for the same prompt with other numbers in it: `irb(main):001:0> `. */
export function patternOf(prompt: string): RegExp {
  const escaped = prompt.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\d+/g, '\\d+');
  return new RegExp(`^${escaped}$`);
}

/** Unmistakable: asks for a choice or a secret. */
export function strongQuestion(line: string): boolean {
  return (
    /[[(](?:y(?:es)?\/n(?:o)?)(?:\/[^\])]*)?[\])]/i.test(line) ||
    /\b(?:pass(?:word|phrase)|PIN|verification code|otp)\b[^\n]*:\s*$/i.test(line) ||
    /(?:press (?:enter|return|any key)|hit (?:enter|return))\b/i.test(line)
  );
}

/** Asks for something that nobody else is to see. */
export function asksSecret(line: string): boolean {
  return /pass(?:word|phrase|code)|\bPIN\b|\bOTP\b|verification code|\bsecret\b|\btoken\b|\bcredentials?\b/i.test(
    line,
  );
}

/** Ends like a question or an entry field; a slow progress line may, too. */
export function weakQuestion(line: string): boolean {
  return /(?:[?:>]|\?\s*[[(][^\])]*[\])])\s*$/.test(line);
}
