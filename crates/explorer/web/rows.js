// Rows of logits by context and step: the newest asked are kept, so that going back asks nothing.

import { rank } from './sampler.js';

const KEPT = 24;
const NUMBERS = 2 ** 21; // in all rows kept: with what is worked out of them, some 40 bytes each

/** @typedef {{step: number, ids: number[], cut: number, row: Float32Array, order: Uint32Array}} Ranked */

/**
 * @param {{logits: Function, tokenize: Function}} api
 * @param {number} vocabSize
 * @returns {(prompt: string, add: number[], step: number, signal: AbortSignal) => Promise<Ranked>}
 */
export function rowSource(api, vocabSize) {
  const rows = recent(Math.min(KEPT, Math.max(2, Math.floor(NUMBERS / vocabSize))));
  const prompts = recent(KEPT);
  return async (prompt, add, step, signal) => {
    const key = JSON.stringify([step, prompt, add]);
    const known = rows.get(key);
    if (known) return known;
    const base = prompts.get(prompt) ?? (add.length > 0 ? (await api.tokenize(prompt, signal)).ids : null);
    const context = base ? { ids: [...base, ...add] } : { prompt };
    const answer = await api.logits({ ...context, step }, signal);
    const ids = context.ids ?? answer.ids;
    prompts.set(prompt, ids.slice(0, ids.length - add.length));
    return rows.set(key, { ...answer, ids, order: rank(answer.row) });
  };
}

/** A map that forgets what has not been asked for longest. */
function recent(most) {
  const map = new Map();
  const set = (key, value) => {
    map.delete(key);
    map.set(key, value);
    if (map.size > most) map.delete(map.keys().next().value);
    return value;
  };
  return { set, get: key => (map.has(key) ? set(key, map.get(key)) : undefined) };
}
