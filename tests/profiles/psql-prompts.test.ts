/** psql's prompts as they were seen on PostgreSQL 15, so that they are judged where there is no server to ask. */
import { describe, expect, test } from '@jest/globals';
import psql from '../../profiles/psql.json' with { type: 'json' };

const prompt = new RegExp(psql.repl.prompt);
const continuation = new RegExp(psql.repl.continuation);

describe.each([
  ['as root of the cluster', '#'],
  ['as anybody else', '>'],
])('psql, %s', (_who, end) => {
  test.each([
    ['ready', '='],
    ['inside a transaction', '=*'],
    ['inside a failed transaction', '=!'],
    ['in a transaction of unknown state', '=?'],
    ['in a branch of \\if that is not taken', '@'],
    ['with a line for each statement (-S)', '^'],
  ])('is %s at db%s', (_state, sign) => {
    expect(`db${sign}${end} `).toMatch(prompt);
    expect(`my-db.2${sign}${end} `).toMatch(prompt);
    expect(`db${sign}${end} `).not.toMatch(continuation);
    expect(`db${sign}${end} select`).not.toMatch(prompt);
    expect(`db${sign}${end}`).not.toMatch(prompt);
  });

  test.each(['-', '(', "'", '"', '$', '*'])('asks for the rest at db%s, in a transaction or not', (sign) => {
    for (const transaction of ['', '*', '!', '?']) {
      expect(`db${sign}${transaction}${end} `).toMatch(continuation);
      expect(`db${sign}${transaction}${end} `).not.toMatch(prompt);
    }
  });
});

test('psql that has lost its server is at a prompt', () => {
  expect('!?> ').toMatch(prompt);
  expect('!?> ').not.toMatch(continuation);
});

test('psql asks for the rows of COPY as for the rest of a statement', () => {
  expect('>> ').toMatch(continuation);
  expect('>> ').not.toMatch(prompt);
});
