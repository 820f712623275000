import { describe, expect, test } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { combine } from '../src/config/layers.js';
import type { LoadedConfig } from '../src/config/schema.js';
import { AuditLog, type AuditEntry } from '../src/permission/audit.js';
import { freshDirectory } from './support/run-dir.js';

function loaded(audit_log: string | null, audit_required = false): LoadedConfig {
  const data = { audit_log, audit_required, write_enabled: true };
  return { path: null, editPath: '', policyPath: null, ...combine({ path: '/f', data }, {}, {}) };
}

const ENTRY: AuditEntry = {
  client: 'tests',
  tool: 'execute',
  target: 'work:0.0',
  decision: 'allow',
  rule: 'write_enabled',
  text: 'echo héllo',
};

const linesOf = (path: string): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('a line of the audit log', () => {
  test('holds who did what to which pane by which rule, with size and digest of the text but never the text', () => {
    const path = join(freshDirectory(), 'audit.log');
    new AuditLog().record(ENTRY, loaded(path));
    const [line] = linesOf(path);
    expect(line).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      client: 'tests',
      tool: 'execute',
      target: 'work:0.0',
      decision: 'allow',
      rule: 'write_enabled',
      size: 11,
      sha256: createHash('sha256').update('echo héllo').digest('hex'),
    });
    expect(readFileSync(path, 'utf8')).not.toMatch(/echo|héllo/);
  });

  test('of a refusal has its code', () => {
    const path = join(freshDirectory(), 'audit.log');
    new AuditLog().record({ ...ENTRY, decision: 'deny', code: 'WRITE_DISABLED' }, loaded(path));
    expect(linesOf(path)[0]).toMatchObject({ decision: 'deny', code: 'WRITE_DISABLED' });
  });

  test('of something typed while echo is off has neither size nor digest', () => {
    const path = join(freshDirectory(), 'audit.log');
    new AuditLog().record({ ...ENTRY, text: '1234', hidden: true }, loaded(path));
    const [line] = linesOf(path);
    expect(line).toMatchObject({ hidden: true, tool: 'execute' });
    expect(line).not.toHaveProperty('size');
    expect(line).not.toHaveProperty('sha256');
  });

  test('stays one line, whatever the client calls itself', () => {
    const path = join(freshDirectory(), 'audit.log');
    const client = `x\n{"decision":"allow"}\n${'y'.repeat(100_000)}`;
    new AuditLog().record({ ...ENTRY, client, target: 'a\nb' }, loaded(path));
    expect(linesOf(path)).toHaveLength(1);
    expect(statSync(path).size).toBeLessThan(2000);
  });
});

describe('the file', () => {
  test('is for the user alone, its folder too; one that was open to others is closed', () => {
    const directory = freshDirectory();
    const path = join(directory, 'logs/deep/audit.log');
    new AuditLog().record(ENTRY, loaded(path));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'logs')).mode & 0o777).toBe(0o700);
    chmodSync(path, 0o644);
    new AuditLog().record(ENTRY, loaded(path));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(linesOf(path)).toHaveLength(2);
  });

  test('is set aside by size, three old ones are kept, and no line is lost among them', () => {
    const path = join(freshDirectory(), 'audit.log');
    const audit = new AuditLog({ maxBytes: 1000, keep: 3 });
    for (let number = 0; number < 18; number += 1)
      audit.record({ ...ENTRY, rule: `r${number}`.padEnd(60, '.') }, loaded(path));
    const files = [`${path}.3`, `${path}.2`, `${path}.1`, path];
    expect([`${path}.4`, `${path}.rotating`].filter((file) => existsSync(file))).toEqual([]);
    for (const file of files) expect(statSync(file).size).toBeLessThan(1000 + 400);
    const numbers = files.flatMap(linesOf).map((line) => Number.parseInt(String(line['rule']).slice(1)));
    expect(numbers).toEqual(numbers.map((_, index) => 18 - numbers.length + index));
    expect(numbers.length).toBeGreaterThan(10);
  });

  test('can be shared by servers that write and rotate at the same time', async () => {
    const directory = freshDirectory();
    const path = join(directory, 'audit.log');
    const script = join(directory, 'writer.mjs');
    buildSync({
      stdin: {
        contents: `import { AuditLog } from './src/permission/audit.js';
          const audit = new AuditLog({ maxBytes: 20_000, keep: 50 });
          const config = { config: { audit_log: process.argv[2], audit_required: true } };
          for (let n = 0; n < 500; n += 1)
            audit.record({ client: process.argv[3], tool: 't', target: null, decision: 'allow', rule: String(n) }, config);`,
        resolveDir: process.cwd(),
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: script,
    });
    const writers = ['a', 'b', 'c'].map((name) =>
      spawn(process.execPath, [script, path, name], { stdio: 'inherit' }),
    );
    const codes = await Promise.all(writers.map(async (writer) => (await once(writer, 'exit'))[0] as number));
    expect(codes).toEqual([0, 0, 0]);
    const files = [path, ...Array.from({ length: 50 }, (_, index) => `${path}.${index + 1}`)].filter(
      existsSync,
    );
    const lines = files.flatMap(linesOf);
    expect(files.length).toBeGreaterThan(3);
    expect(new Set(lines.map((line) => `${String(line['client'])} ${String(line['rule'])}`)).size).toBe(1500);
  });
});

describe('a log that cannot be written', () => {
  /** Places where no line can be put: a full disk, a folder, below a file, nowhere. */
  const unwritable = (): (string | null)[] => {
    const directory = freshDirectory();
    writeFileSync(join(directory, 'file'), '');
    mkdirSync(join(directory, 'folder'));
    return ['/dev/full', join(directory, 'folder'), join(directory, 'file/audit.log')];
  };

  test('refuses writes when audit_required is set', () => {
    for (const path of [...unwritable(), null]) {
      expect(() => new AuditLog().record(ENTRY, loaded(path, true))).toThrow(
        expect.objectContaining({ code: 'AUDIT_FAILED', message: expect.stringMatching(/cannot be logged/) }),
      );
    }
  });

  test('and only then: otherwise the write goes on and people are told once', () => {
    for (const path of unwritable()) {
      const told: string[] = [];
      const audit = new AuditLog({ log: (line) => told.push(line) });
      audit.record(ENTRY, loaded(path));
      audit.record(ENTRY, loaded(path));
      expect(told).toEqual([expect.stringMatching(/^\[panewright audit\] not logged: /)]);
    }
  });

  test('a refusal stays the refusal that it was', () => {
    const denied: AuditEntry = { ...ENTRY, decision: 'deny', code: 'WRITE_DISABLED' };
    expect(() => new AuditLog().record(denied, loaded('/dev/full', true))).not.toThrow();
  });

  test('no log at all is no failure unless one is required', () => {
    const told: string[] = [];
    new AuditLog({ log: (line) => told.push(line) }).record(ENTRY, loaded(null));
    expect(told).toEqual([]);
  });

  test('that is mended works again at the next write', () => {
    const path = join(freshDirectory(), 'audit.log');
    const audit = new AuditLog();
    mkdirSync(path);
    expect(() => audit.record(ENTRY, loaded(path, true))).toThrow(/EISDIR/);
    execFileSync('rmdir', [path]);
    audit.record(ENTRY, loaded(path, true));
    expect(linesOf(path)).toHaveLength(1);
  });

  test('because it is a file that ends in the middle of a line gets the next one on a line of its own', () => {
    const path = join(freshDirectory(), 'audit.log');
    writeFileSync(path, '');
    appendFileSync(path, '{"time":"2026-01-01T00:');
    new AuditLog().record(ENTRY, loaded(path));
    const [, second] = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(JSON.parse(second ?? '')).toMatchObject({ tool: 'execute' });
  });
});
