import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bed, SHELLS, type Executed } from './bed.js';

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()));
afterAll(() => bed.close());

const LONG = 240_000;

async function resource(uri: string | undefined): Promise<string> {
  const { contents } = await bed.server.client.mcp.readResource({ uri: uri ?? '' }, { timeout: 120_000 });
  const [content] = contents;
  return content !== undefined && 'text' in content ? content.text : '';
}

/** Resident memory of a process in megabytes, as the system counts it. */
function memoryOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
}

test(
  'a million lines are counted, the tail is kept',
  async () => {
    const seat = await bed.seat('bash');
    const done = await seat.execute('seq 1 1000000', { timeout: 200 });
    expect(done).toMatchObject({
      state: 'completed',
      exit_code: 0,
      total_lines: 1_000_000,
      truncated: true,
    });
    expect(done.output_lines).toEqual(Array.from({ length: 1000 }, (_, i) => String(999_001 + i)));
    const all = await resource(done.output_uri);
    const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
    expect(digest(all)).toBe(digest(Array.from({ length: 1_000_000 }, (_, i) => `${i + 1}\n`).join('')));
  },
  LONG,
);

describe.each(SHELLS)('a truncated result in %s', (shell) => {
  let done: Executed;
  beforeAll(async () => {
    const seat = await bed.seat(shell);
    done = await seat.execute('seq 1 3000');
  });

  test('links the resource with everything', async () => {
    expect(done.output_uri).toMatch(/^panewright:\/\/output\/.+$/);
    expect(await resource(done.output_uri)).toBe(
      Array.from({ length: 3000 }, (_, i) => `${i + 1}\n`).join(''),
    );
  });
});

describe('what a result may carry', () => {
  test('is limited by buffer_size, which takes effect at the next call', async () => {
    const own = await Bed.start({ config: { buffer_size: 10 } });
    try {
      const seat = await own.seat('bash');
      const done = await seat.execute('seq 1 25');
      expect(done.output_lines).toEqual(Array.from({ length: 10 }, (_, i) => String(16 + i)));
      expect(done).toMatchObject({ total_lines: 25, truncated: true });
      own.server.configure({ buffer_size: 30 });
      expect(await seat.execute('seq 1 25')).toMatchObject({ total_lines: 25, truncated: false });
      expect((await seat.execute('seq 1 25')).output_lines).toHaveLength(25);
    } finally {
      await own.close();
    }
  });

  test('is limited to about 20,000 characters', async () => {
    const seat = await bed.seat('bash');
    const done = await seat.execute(`for i in {1..100}; do printf '%0500d\\n' $i; done`);
    expect(done).toMatchObject({ total_lines: 100, truncated: true });
    expect(done.output_lines.join('\n').length).toBeLessThanOrEqual(20_500);
    expect(done.output_lines.length).toBeGreaterThanOrEqual(35);
    expect(done.output_lines.at(-1)).toBe('100'.padStart(500, '0'));
    expect((await resource(done.output_uri)).length).toBe(100 * 501);
  });

  test('one line of 300,000 characters is one line, its end kept', async () => {
    const seat = await bed.seat('bash');
    const done = await seat.execute(`head -c 300000 /dev/zero | tr '\\0' x; echo END`);
    expect(done).toMatchObject({ total_lines: 1, truncated: true });
    expect(done.output_lines.at(-1)).toMatch(/x+END$/);
    expect(await resource(done.output_uri)).toMatch(/^x{300000}END\n?$/);
  });

  test('a short output has no link', async () => {
    const seat = await bed.seat('bash');
    const result = await bed.server.client.raw('execute', { session: seat.session, command: 'echo short' });
    expect(result.content).toHaveLength(1);
    expect(result.structuredContent).not.toHaveProperty('output_uri');
  });

  test('a truncated one has it as a link, too, and in the list of resources', async () => {
    const seat = await bed.seat('bash');
    const result = await bed.server.client.raw('execute', { session: seat.session, command: 'seq 1 3000' });
    const uri = result.structuredContent?.['output_uri'];
    expect(result.content[1]).toMatchObject({ type: 'resource_link', uri });
    const { resources } = await bed.server.client.mcp.listResources();
    expect(resources.map((one) => one.uri)).toContain(uri);
  });

  test('a resource that never was is an error that says so', async () => {
    for (const uri of ['panewright://output/0000', 'panewright://output/../etc/passwd', 'file:///etc/passwd'])
      await expect(bed.server.client.mcp.readResource({ uri })).rejects.toThrow(/OUTPUT_NOT_FOUND/);
  });

  test('output of a command that goes on is readable, too', async () => {
    const seat = await bed.seat('bash');
    const done = await seat.execute('seq 1 5000; sleep 600', { timeout: 3 });
    expect(done).toMatchObject({ state: 'running', total_lines: 5000, truncated: true });
    expect(await resource(done.output_uri)).toMatch(/^1\n2\n[^]*\n5000\n$/);
    await seat.keys('C-c');
  });
});

describe('too much of everything', () => {
  test(
    '100 MB of output: counted, the tail kept, the memory of the server bounded',
    async () => {
      const seat = await bed.seat('bash');
      await seat.lines('true');
      const line = 'y'.repeat(99);
      const file = join(bed.tmux.home, 'line');
      writeFileSync(file, `${line}\n`.repeat(1000));
      const before = memoryOf(bed.server.client.pid);
      const done = await seat.execute(`for i in {1..1000}; do cat ${file}; done`, { timeout: 230 });
      expect(done).toMatchObject({
        state: 'completed',
        exit_code: 0,
        total_lines: 1_000_000,
        truncated: true,
      });
      expect(done.output_lines.at(-1)).toBe(line);
      expect(memoryOf(bed.server.client.pid) - before).toBeLessThan(300);
      expect(await seat.lines('echo next')).toEqual(['next']);
    },
    LONG,
  );

  test(
    'binary output, and the next command',
    async () => {
      const seat = await bed.seat('bash');
      const file = join(bed.tmux.home, 'binary');
      const bytes = Buffer.alloc(200_000);
      let seed = 12345;
      for (let i = 0; i < bytes.length; i += 1) {
        seed = (seed * 1103515245 + 12345) & 0x7fffffff;
        bytes[i] = seed >> 16;
      }
      writeFileSync(file, bytes);
      expect((await seat.execute(`cat ${file}; exit_code=$?`)).state).toBe('completed');
      expect(await seat.execute('sh -c "echo next; exit 3"')).toMatchObject({
        state: 'completed',
        exit_code: 3,
        output_lines: ['next'],
      });
      expect((await seat.execute('head -c 50000 /dev/urandom')).state).toBe('completed');
      expect(await seat.lines('echo again')).toEqual(['again']);
    },
    LONG,
  );

  test(
    'an endless yes is running at its timeout, is interrupted, and the pane is usable again',
    async () => {
      const seat = await bed.seat('bash');
      await seat.lines('true');
      const before = memoryOf(bed.server.client.pid);
      const done = await seat.execute('yes', { timeout: 5 });
      expect(done).toMatchObject({ state: 'running', timeout_occurred: true, truncated: true });
      expect(done.output_lines.every((line) => line === 'y')).toBe(true);
      expect(done.total_lines).toBeGreaterThan(10_000);
      await seat.keys('C-c');
      const end = await seat.waitFor({ timeout: 120 });
      expect(end).toMatchObject({ state: 'completed', exit_code: 130 });
      expect(end.total_lines).toBeGreaterThanOrEqual(done.total_lines);
      expect(memoryOf(bed.server.client.pid) - before).toBeLessThan(300);
      expect(await seat.lines('echo next')).toEqual(['next']);
    },
    LONG,
  );

  test(
    'while one pane floods, another answers',
    async () => {
      const flood = await bed.seat('bash');
      const quiet = await bed.seat('bash');
      await quiet.lines('true');
      const flooding = flood.execute('yes', { timeout: 4 });
      for (let i = 0; i < 10; i += 1) expect(await quiet.lines(`echo ${i}`)).toEqual([String(i)]);
      await flooding;
      await flood.keys('C-c');
      expect((await flood.waitFor({ timeout: 120 })).state).toBe('completed');
    },
    LONG,
  );
});
