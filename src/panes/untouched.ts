/** Errors after which nothing was done, so that whoever asked may look the pane up again and try once more. */
import { PanewrightError } from '../errors.js';

export class Untouched extends PanewrightError {}

/** The pane is not where it was. */
export class PaneMoved extends Untouched {}

/** The connection went before it carried what was to be typed. */
export class LostBefore extends Untouched {
  constructor() {
    super(
      'TMUX_LOST',
      'the connection to tmux ended before anything was typed.',
      'Nothing was done. Try again.',
    );
  }
}
