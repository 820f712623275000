/** What a check of the doctor's says. */

export interface Finding {
  /** `good`; `note`: worth knowing; `wrong`: something will not work, which makes the exit status 1. */
  readonly verdict: 'good' | 'note' | 'wrong';
  /** What was looked at: `tmux`. */
  readonly about: string;
  readonly text: string;
  /** What to do about it, or how to have it otherwise; there for all but what is good. */
  readonly fix?: string;
}

export const good = (about: string, text: string): Finding => ({ verdict: 'good', about, text });
export const note = (about: string, text: string, fix: string): Finding => ({
  verdict: 'note',
  about,
  text,
  fix,
});
export const wrong = (about: string, text: string, fix: string): Finding => ({
  verdict: 'wrong',
  about,
  text,
  fix,
});
