/**
 * The only process that runs inside the network namespace besides what it starts: a tmux server on a private
 * socket (so that every pane, whoever opens it, has loopback and nothing else), and a forwarder from a loopback
 * port to the unix socket on which the scripted Messages API listens outside (unix sockets cross namespaces).
 * Ends, and ends the tmux server, when its stdin ends: nothing outlives a crashed test run. A line on its stdin
 * plays a reboot: the tmux server goes with all that ran in it, and another one comes.
 *
 * argv: tmux socket, API socket; and, in a mount namespace of its own, a new folder to stand for /etc and the managed
 * settings of Claude Code that are to be in it. Prints one line of JSON per tmux server: {"port": 4711, "tmux": <pid>}.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';

const [tmuxSocket, apiSocket, etc, policy] = process.argv.slice(2);
execFileSync('ip', ['link', 'set', 'lo', 'up']);
if (policy !== undefined) {
  execFileSync('cp', ['-a', '/etc', etc]);
  mkdirSync(`${etc}/claude-code`);
  writeFileSync(`${etc}/claude-code/managed-settings.json`, policy);
  execFileSync('mount', ['--bind', etc, '/etc']);
}

const forwarder = createServer((inside) => {
  const outside = createConnection(apiSocket);
  inside.pipe(outside).pipe(inside);
  // A stream cut on one side is cut on the other: tests play dropped connections.
  inside.on('close', () => outside.destroy()).on('error', () => outside.destroy());
  outside.on('close', () => inside.destroy()).on('error', () => inside.destroy());
});

forwarder.listen(0, '127.0.0.1', () => {
  const { port } = forwarder.address();
  const env = { ...process.env, ANTHROPIC_BASE_URL: `http://127.0.0.1:${port}` };
  let tmux;
  let rebooting = false;
  const start = () => {
    rebooting = false;
    tmux = spawn('tmux', ['-D', '-u', '-S', tmuxSocket, '-f', '/dev/null'], { env, stdio: 'ignore' });
    tmux.on('exit', () => (rebooting ? start() : process.exit()));
    process.stdout.write(`${JSON.stringify({ port, tmux: tmux.pid })}\n`);
  };
  start();
  // As at a shutdown: asked first, and then killed. tmux 3.3a waits for ever for a control client whose reader was
  // killed while there was output for it.
  const end = () => {
    const one = tmux;
    one.kill('SIGTERM');
    setTimeout(() => one.kill('SIGKILL'), 2_000).unref();
  };
  process.stdin.on('data', () => {
    rebooting = true;
    end();
  });
  process.stdin.on('end', end);
});
