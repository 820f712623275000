/** A session from its start to its end, by all tools that make, use and end one; nobody else touches it. */

/** How long a command may take on a loaded machine, in seconds. */
const TIMEOUT = 20;
/** What happens to tmux as a whole excuses errors of these codes, and nothing else. */
const EXCUSED = new Set(['TMUX_LOST', 'SESSION_NOT_FOUND', 'PANE_NOT_FOUND', 'AGENT_NOT_FOUND']);
/** The tools that change what sessions and windows there are. */
const RESHAPING = new Set(['session_start', 'open_pane', 'close_pane', 'session_destroy']);

/** Resolves with a function that says what was wrong: '' when all was right. */
export async function life({ pane: { field }, calls, name }) {
  const began = performance.now();
  const troubled = () => field.deeds.some(({ until = Infinity }) => until >= began);
  const problem = await live(field, calls, name);
  if (problem !== undefined) await tidy(field, calls, name);
  return () => {
    if (problem === undefined) return '';
    const { step, answer, wanted } = problem;
    if (troubled() && (answer.isError ? EXCUSED.has(answer.code) : true)) return '';
    return `${step}: ${answer.isError ? answer.text : JSON.stringify(answer.result)}, not ${JSON.stringify(wanted)}`;
  };
}

/** Resolves with the first answer that is not what it must be. */
async function live(field, calls, name) {
  let problem;
  const step = async (tool, args, wanted) => {
    if (problem) return {};
    const make = () => calls.make(tool, args);
    const answer = await (RESHAPING.has(tool) ? field.reshape(make) : make());
    const fits =
      !answer.isError && Object.entries(wanted).every(([key, value]) => same(answer.result[key], value));
    if (!fits) problem = { step: tool, answer, wanted };
    return answer.result ?? {};
  };
  await step(
    'session_start',
    { name, profile: 'bash', args: ['--norc', '--noprofile'] },
    { name, state: 'idle' },
  );
  const prompt = `echo ${name}; sh -c 'exit 3'`;
  const answered = { outcome: 'completed', response: name, exit_code: 3 };
  await step('session_send', { name, prompt, timeout: TIMEOUT }, answered);
  const { pane_id: pane } = await step(
    'open_pane',
    { session: name, command: 'bash --norc --noprofile' },
    {},
  );
  const inside = { session: name, pane };
  const output = { state: 'completed', exit_code: 0, output_lines: [`in-${name}`] };
  await step('execute', { ...inside, command: `echo in-${name}`, timeout: TIMEOUT }, output);
  const sent = await step('session_send', { name, prompt: 'sleep 60', timeout: 0.3 }, { outcome: 'running' });
  await step('session_interrupt', { name }, { interrupted: true, was: 'busy' });
  const { turn_id } = sent;
  await step('session_wait', { name, turn_id, timeout: TIMEOUT }, { turn_id, outcome: 'interrupted' });
  await step('session_history', { name }, { count: 2, total: 2 });
  await step('close_pane', inside, {});
  await step('session_send', { name, prompt, timeout: TIMEOUT }, answered);
  await step('session_destroy', { name }, { destroyed: true, name });
  if (!problem && (await isThere(field, name)))
    problem = { step: 'session_destroy', answer: { result: 'it is still there' }, wanted: 'gone' };
  return problem;
}

function same(value, wanted) {
  return JSON.stringify(value) === JSON.stringify(wanted);
}

const isThere = (field, name) =>
  field.tmux('has-session', '-t', `=${name}`).then(
    () => true,
    () => false,
  );

function tidy(field, calls, name) {
  return field.reshape(async () => {
    await field.tmux('kill-session', '-t', `=${name}`).catch(() => undefined);
    await calls.make('session_destroy', { name, force: true });
  });
}
