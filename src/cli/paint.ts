/** Colours where a person looks, none elsewhere. */
import { styleText } from 'node:util';
import { processEnv } from '../config/env.js';

export type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

export function painter(stream: { readonly isTTY?: boolean }): Paint {
  const hasColour = stream.isTTY === true && !processEnv()['NO_COLOR'];
  return (style, text) => (hasColour ? styleText(style, text) : text);
}

/** Text of programs, safe to print: what a terminal would obey is shown as a dot. */
export function plain(text: string): string {
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '·');
}
