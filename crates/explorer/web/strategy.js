// From the page's settings to what they do to a row.

import { chain, draw, notebook } from './sampler.js';
import { uniform } from './seed.js';

const SHOWN = 15;

/**
 * The strategy in enredo-decoding's (and Hugging Face's) names.
 * @param {import('./state.js').State} state
 * @param {number[]} banned
 * @returns {import('./sampler.js').Config}
 */
export function config({ t, k, p, min_p, typical_p }, banned) {
  return {
    temperature: t,
    ...(k > 0 && { top_k: k }),
    ...(p < 1 && { top_p: p }),
    ...(min_p > 0 && { min_p }),
    ...(typical_p < 1 && { typical_p }),
    suppress_tokens: banned,
  };
}

/**
 * How to generate, in the same names.
 * @param {{greedy?: boolean, t: number, k: number, p: number, min_p: number, typical_p: number, penalty?: number}} strategy
 * @param {{never_drawn: number[], end_of_text?: number[]}} meta
 * @param {number} most new tokens
 */
export function generation({ greedy = false, penalty = 1, ...filters }, { never_drawn, end_of_text = [] }, most) {
  const drawing = greedy ? { suppress_tokens: never_drawn } : config(filters, never_drawn);
  return { do_sample: !greedy, ...drawing, ...(penalty !== 1 && { repetition_penalty: penalty }), max_new_tokens: most, eos_token_id: end_of_text };
}

/** What such a configuration is called, as in the notebook. @param {object} config @param {{t: Function, f: object}} app */
export function strategyName({ do_sample, temperature, top_k, top_p, min_p, typical_p, repetition_penalty }, { t, f }) {
  const told = (name, value) => value !== undefined && `${name}=${f.short(value)}`;
  const filters = [told('Temp', temperature), told('K', top_k), told('P', top_p), told('min-p', min_p), told(t('typical_short'), typical_p)];
  return [...(do_sample ? filters : [t('greedy')]), told(t('penalty_short'), repetition_penalty)].filter(Boolean).join(' ');
}

/**
 * The likeliest tokens and what becomes of them. The panel knows neither the others nor banned tokens.
 * @param {import('./rows.js').Ranked} ranked
 * @param {import('./state.js').State} state
 * @param {number[]} banned
 */
export function apply(ranked, state, banned) {
  return state.mode === 'notebook' ? panel(ranked, state) : chain(ranked.row, ranked.order, config(state, banned), SHOWN);
}

function panel({ row, order }, { t, k, p }) {
  const ids = order.subarray(0, SHOWN);
  const told = notebook(Array.from(ids, id => row[id]), t, k, p);
  const rows = told.rows.map((one, i) => ({ ...one, id: ids[i] }));
  const left = rows.filter(one => one.kept);
  return { rows, kept: told.kept, left: { ids: left.map(one => one.id), masses: left.map(one => one.p_final) } };
}

/** The token that a seed draws here: a function of the seed, the context's length and the probabilities. */
export function sample({ left }, seed, position) {
  return draw(left.ids, left.masses, uniform(seed, position));
}

/** The most probable token that is left, of equal ones the better ranked. */
export function greedy({ left }) {
  return left.ids[0];
}
