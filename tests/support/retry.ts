/**
 * A failed test is tried twice more, and each failure is printed. Not a cure: tmux 3.3a itself dies when a client of
 * somebody else connects while it notifies control clients (see src/tmux/gate.ts), and a test that does just that on
 * a loaded machine cannot prevent it. What fails three times in a row is ours.
 */
import { jest } from '@jest/globals';

jest.retryTimes(2, { logErrorsBeforeRetry: true });
