/** Calls of the server, counted and timed; one that does not end in time is stuck. */

/** What a call may take beyond its own timeout, in milliseconds. */
const BEYOND_MS = 3_000;
/** On a machine that does a hundred things at once everything takes longer; this is not what is measured here. */
const LOAD_MS = 5_000;

export class Calls {
  count = 0;
  stuck = [];
  /** Milliseconds of the calls of each tool. */
  times = new Map();
  #call;

  constructor(call) {
    this.#call = call;
  }

  /** Resolves with `{ isError, text, code, result }`. */
  async make(tool, args) {
    this.count += 1;
    const began = performance.now();
    const limit = (args.timeout ?? 10) * 1_000 + BEYOND_MS + LOAD_MS;
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, limit, undefined)));
    const answer = await Promise.race([this.#call(tool, args), late]);
    clearTimeout(timer);
    if (answer === undefined) {
      this.stuck.push(`${tool} ${JSON.stringify(args)} did not end in ${Math.round(limit)} ms`);
      return { isError: true, code: 'STUCK', text: 'STUCK' };
    }
    const times = this.times.get(tool) ?? [];
    this.times.set(tool, times);
    times.push(performance.now() - began);
    const text = answer.content[0]?.text ?? '';
    return {
      isError: answer.isError === true,
      text,
      code: text.split(':')[0],
      result: answer.structuredContent,
    };
  }
}
