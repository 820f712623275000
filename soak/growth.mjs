/** Memory and descriptors of the server over time: after the warm-up they must not grow. */
import { readdirSync, readFileSync } from 'node:fs';

/** Share of the run that counts as warm-up. */
const WARM_UP = 0.3;

export class Growth {
  #samples = [];
  #timer;

  constructor(pid, everyMs = 500) {
    this.#timer = setInterval(() => this.#samples.push(sample(pid)), everyMs);
  }

  stop() {
    clearInterval(this.#timer);
  }

  /**
   * `{ rss, fds }`, each with the medians of the first and the last third after the warm-up. Descriptors are all in
   * use at the beginning already; when tmux dies there are fewer for a while.
   */
  get report() {
    const warm = this.#samples.slice(Math.floor(this.#samples.length * WARM_UP));
    const third = Math.max(1, Math.floor(warm.length / 3));
    const of = (key) => {
      const median = (samples) => samples.map((one) => one[key]).sort((a, b) => a - b)[samples.length >> 1];
      return { before: median(warm.slice(0, third)), after: median(warm.slice(-third)) };
    };
    const fds = of('fds');
    return { rss: of('rss'), fds: { ...fds, before: Math.max(fds.before, this.#samples[0].fds) } };
  }
}

function sample(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return {
    rss: Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]) / 1024,
    fds: readdirSync(`/proc/${pid}/fd`).length,
  };
}
