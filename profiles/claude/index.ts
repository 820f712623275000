/** Claude Code, as a program that holds a conversation. Facts measured on 2.1.329; see docs/claude-code.md. */
import { defineProfile } from '../../src/profile/contract.js';
import { eventFolder, readEvent } from './events.js';
import { exchange, launch } from './launch.js';
import { home, readStatus, statusFile } from './registry.js';
import { readScreen } from './screen.js';
import { isDrawn, planSubmit, typing } from './submit.js';
import { recordReader, transcriptFile } from './transcript.js';

export const claude = defineProfile({
  name: 'claude',
  description: 'Claude Code, the agent in the terminal',
  commands: ['claude'],
  launch: ['claude'],
  agent: {
    launch,
    exchange,
    eventFolder,
    readEvent,
    home,
    statusFile,
    readStatus,
    transcriptFile,
    recordReader,
    readScreen,
    planSubmit,
    isDrawn,
    typing,
    interrupt: ['Escape', 'Escape', 'C-c'],
    cancel: 'Escape',
    clear: 'C-u',
    quit: '/exit',
  },
});
