// What the model wrote at each checkpoint: asked for once, one after another, what is on show first.

import { Lost } from '../../api.js';

export const NEW_TOKENS = 15;
/** As the course's notebook samples at each checkpoint. */
export const STRATEGIES = { greedy: { do_sample: false }, sampled: { do_sample: true, temperature: 0.8, top_k: 50, top_p: 0.9 } };

/** @typedef {{step: number, prompt: string, strategy: string, seed: string}} Job */

const known = new Map(); // of this page, over changes of screen and language
const MOST = 10_000;

/** What is known of a job: `{ids, reason}`, or `{problem}`. @param {object} meta @param {Job} job */
export const recall = (meta, job) => known.get(key(meta, job));

function key({ fingerprint }, { step, prompt, strategy, seed }) {
  return JSON.stringify([fingerprint, step, prompt, strategy, seed]);
}

/**
 * All that there is to sample, in the order in which it is wanted: the checkpoint on show and the one before it, then
 * the others from near to far.
 * @param {number[]} steps ascending @param {number} shown index of the step on show
 * @param {{prompts: string[], seed: string}} of
 * @returns {Job[]}
 */
export function jobs(steps, shown, { prompts, seed }) {
  const distance = i => (i <= shown ? shown - i : i - shown + 0.5);
  const order = steps.map((_, i) => i).sort((a, b) => distance(a) - distance(b));
  const each = step => prompts.flatMap(prompt => Object.keys(STRATEGIES).map(strategy => ({ step, prompt, strategy, seed })));
  return order.flatMap(i => each(steps[i]));
}

/**
 * @param {{api: object, meta: object}} app
 * @param {{done: (job: Job) => void, lost: (error: Error, again: () => void) => void}} listeners
 * @returns {{aim: (jobs: Job[]) => void, leave: () => void}} aim: what is wanted from now on
 */
export function createSampler({ api, meta }, { done, lost }) {
  const { signal, abort } = life();
  let wanted = [];
  let busy = false;
  const next = () => wanted.find(job => !known.has(key(meta, job)));
  const run = async () => {
    if (busy) return;
    busy = true;
    try {
      for (let job = next(); job && !signal.aborted; job = next()) await work(job);
    } catch (error) {
      if (!signal.aborted) lost(error, run);
    } finally {
      busy = false;
    }
  };
  const work = async job => {
    remember(key(meta, job), await sample(api, meta, job, signal).catch(refused));
    if (!signal.aborted) done(job);
  };
  return { aim: jobs => ((wanted = jobs), run()), leave: abort };
}

function life() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** A refusal is an answer; a server that is gone, or a page left, is none. */
function refused(error) {
  if (error instanceof Lost || error.name === 'AbortError') throw error;
  return { problem: error.message };
}

function remember(name, found) {
  if (known.size >= MOST) known.delete(known.keys().next().value);
  known.set(name, found);
}

async function sample(api, meta, { step, prompt, strategy, seed }, signal) {
  const config = { ...STRATEGIES[strategy], suppress_tokens: meta.never_drawn, eos_token_id: meta.end_of_text ?? [], max_new_tokens: NEW_TOKENS };
  const ids = [];
  let reason = null;
  for await (const event of api.generate({ prompt, step, config, seed: wire(seed), top_n: 1 }, signal)) {
    if (event.event === 'token') ids.push(event.id);
    if (event.event === 'end') reason = event.reason;
  }
  return { ids, reason };
}

/** JSON's numbers are JavaScript's: of a larger seed the low 53 bits count here. */
function wire(seed) {
  return Number(BigInt.asUintN(53, BigInt(seed)));
}
