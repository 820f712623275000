/** What became of what was to be typed. */
import { PanewrightError } from '../errors.js';

/** Nothing was done, so that whoever asked may look the pane up again and try once more. */
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

/** The connection went when a part of it had been typed, or may have been. */
export class LostAmid extends PanewrightError {
  constructor() {
    super(
      'TMUX_LOST',
      'the connection to tmux ended in the middle of typing the command.',
      'Look at the pane.',
    );
  }
}
