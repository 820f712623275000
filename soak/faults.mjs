/** What happens to terminals in real life. Each notes what it does to whom, so that answers can be judged. */
import { readFileSync } from 'node:fs';

/** How often which fault; some cost the panes that they meet a second or more. */
export const FAULTS = {
  resize: 6,
  copy: 6,
  human: 6,
  client: 3,
  rename: 2,
  move: 2,
  respawn: 2,
  kill: 2,
  stop: 1,
};

/** How long after a deed something may still come of it, in milliseconds. */
const AFTERMATH_MS = 1_000;

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function during(deeds, kind, action) {
  const deed = { kind, at: performance.now(), until: undefined };
  deeds.push(deed);
  try {
    await action();
  } finally {
    deed.until = performance.now() + AFTERMATH_MS;
    if (deeds.length > 50) deeds.splice(0, 25);
  }
}

let typed = 0;

const faults = {
  resize: ({ pane, field, random }) =>
    during(pane.deeds, 'resize', async () => {
      const size = ['-x', String(random.int(20, 160)), '-y', String(random.int(6, 60))];
      await field.tmux('resize-window', '-t', pane.id, ...size);
    }),

  copy: ({ pane, field, random }) =>
    during(pane.deeds, 'copy', async () => {
      await field.tmux('copy-mode', '-t', pane.id);
      await field.tmux('send-keys', '-t', pane.id, '-X', 'page-up');
      await later(random.int(50, 1_000));
      await field.tmux('send-keys', '-t', pane.id, '-X', 'cancel');
    }),

  /** A person types a line, thinks, and submits it; from copy mode, if another fault put the pane there meanwhile. */
  human: ({ pane, field, random }) =>
    during(pane.deeds, 'human', async () => {
      const name = `human-${(typed += 1)}`;
      await field.tmux('send-keys', '-t', pane.id, '-l', `echo ${name} >> $LEDGER`);
      await later(random.int(20, 400));
      // In copy mode tmux takes the key for itself, and the draft would stay when nobody knows of it any more.
      const leave = ['if-shell', '-F', '-t', pane.id, '#{pane_in_mode}', `send-keys -X -t ${pane.id} cancel`];
      await field.tmux(...leave, ';', 'send-keys', '-t', pane.id, 'Enter');
    }),

  client: ({ pane, field, server, random }) =>
    during(field.deedsOf(pane.session), 'client', () => {
      const clients = childrenOf(server.pid);
      // Which session it serves is not written on a client; so it may have been that of any.
      if (clients.length === 0) return Promise.resolve();
      return during(field.deeds, 'client', () => {
        process.kill(random.pick(clients), 'SIGKILL');
        return Promise.resolve();
      });
    }),

  respawn: ({ pane, field }) =>
    during(pane.deeds, 'respawn', async () => {
      await field.tmux('respawn-pane', '-k', '-t', pane.id, '--', ...pane.argv);
    }),

  /** A person gives a session another name, and its own back. */
  rename: ({ pane, field, random }) =>
    during(field.deedsOf(pane.session), 'rename', async () => {
      if (!field.isSingle(pane.session)) return;
      const other = `${pane.session}-renamed`;
      await field.reshape(async () => {
        await field.tmux('rename-session', '-t', `=${pane.session}`, other);
        await later(random.int(20, 500));
        await field.tmux('rename-session', '-t', `=${other}`, pane.session);
      });
    }),

  /** A person puts a pane beside another one of its session, and back into a window of its own. */
  move: ({ pane, field, random }) =>
    during(pane.deeds, 'move', async () => {
      const other = field.panes.find((one) => one !== pane && one.session === pane.session);
      if (!other) return;
      await field.reshape(async () => {
        await field.tmux('join-pane', '-d', '-s', pane.id, '-t', other.id);
        await later(random.int(20, 500));
        await field.tmux('break-pane', '-d', '-s', pane.id, '-t', `=${pane.session}:`);
      });
    }),

  kill: ({ pane, field }) =>
    during(field.deedsOf(pane.session), 'kill', () =>
      field.reshape(async () => {
        await field.tmux('kill-pane', '-t', pane.id);
        await field.remake(pane);
      }),
    ),

  stop: ({ field, random }) =>
    during(field.deeds, 'stop', async () => {
      const pid = Number(await field.tmux('display-message', '-p', '#{pid}'));
      process.kill(pid, 'SIGSTOP');
      await later(random.int(100, 4_000));
      process.kill(pid, 'SIGCONT');
    }),
};

/** Does one fault; resolves with its name when it is over. */
export async function strike(kind, place) {
  await faults[kind](place);
  return kind;
}

export function childrenOf(pid) {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}
