// What the page shows, as the URL's hash says it: `#next?t=0.7&k=5`. What is as at the start is left out.

import { digits, flag, ids, nearest, oneOf, text, whole } from './fields.js';
import { fields as beams } from './screens/beams/fields.js';
import { fields as compare } from './screens/compare/fields.js';
import { fields as data } from './screens/data/fields.js';
import { fields as generate } from './screens/generate/fields.js';
import { fields as inside } from './screens/inside/fields.js';
import { fields as training } from './screens/training/fields.js';

/** @typedef {{screen: string, prompt: string | null, add: number[], mode: 'notebook' | 'whole', t: number, k: number, p: number,
 *             min_p: number, typical_p: number, seed: string, step: number | null, lang: string | null,
 *             theme: 'auto' | 'light' | 'dark', table: boolean}} State */

/** Least, most and step of each slider; `top` is as far as one may type. A 0 for k and min-p, a 1 for p and typical is off. */
export const LIMITS = {
  notebook: {
    t: { min: 0.1, max: 3, step: 0.1 },
    k: { min: 1, max: 15, step: 1 },
    p: { min: 0.1, max: 1, step: 0.05 },
  },
  whole: {
    t: { min: 0.1, max: 3, step: 0.1 },
    k: { min: 0, max: 100, step: 1, top: 2 ** 21 },
    p: { min: 0.01, max: 1, step: 0.01 },
    min_p: { min: 0, max: 1, step: 0.01 },
    typical_p: { min: 0.01, max: 1, step: 0.01 },
  },
};

const slider = (name, start) => ({ start, read: (given, asked) => snap(MODE.read(asked.get('mode')), name, given ?? start) });
const MODE = oneOf('notebook', 'whole');

/** What all screens share. @type {Record<string, import('./fields.js').Field>} */
export const SHARED = {
  prompt: text(),
  add: ids(),
  mode: MODE,
  t: slider('t', 1),
  k: slider('k', 15),
  p: slider('p', 1),
  min_p: slider('min_p', 0),
  typical_p: slider('typical_p', 1),
  seed: digits('42'),
  step: whole(),
  lang: oneOf(null, 'en', 'pt'),
  theme: oneOf('auto', 'light', 'dark'),
  table: flag(),
};

const FIELDS = { ...SHARED, ...generate, ...compare, ...beams, ...inside, ...training, ...data };

/** @type {State} */
export const START = Object.freeze({ screen: 'next', ...Object.fromEntries(Object.entries(FIELDS).map(([name, { start }]) => [name, start])) });

/**
 * The nearest value that a slider has; what cannot be read is the value at the start.
 * @param {State['mode']} mode
 * @param {string} name
 * @param {unknown} value
 */
export function snap(mode, name, value) {
  return nearest(value, START[name], LIMITS[mode][name] ?? LIMITS.whole[name]);
}

/**
 * The settings for another mode: k = 15 of the panel cuts nothing there, so it is off here, and the other way round.
 * @param {State} state
 * @param {State['mode']} mode
 * @returns {Partial<State>}
 */
export function switchMode({ t, k, p }, mode) {
  const off = mode === 'whole' ? { from: 15, to: 0 } : { from: 0, to: 15 };
  return { mode, t: snap(mode, 't', t), k: snap(mode, 'k', k === off.from ? off.to : k), p: snap(mode, 'p', p) };
}

/** @param {string} hash @returns {State} */
export function decode(hash) {
  const [screen, query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const asked = new URLSearchParams(query);
  const read = Object.entries(FIELDS).map(([name, field]) => [name, field.read(asked.get(name), asked)]);
  return { screen: screen || START.screen, ...Object.fromEntries(read) };
}

/** @param {State} state @returns {string} */
export function encode({ screen, ...state }) {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) {
    const text = write(value);
    if (value !== null && text !== write(START[name])) asked.set(name, text);
  }
  return `#${screen}${asked.size > 0 ? `?${asked}` : ''}`;
}

function write(value) {
  if (Array.isArray(value)) return value.join('.');
  return typeof value === 'boolean' ? String(Number(value)) : String(value);
}

/**
 * The one state of the page. `change` tells everyone; `push` makes a place in the history to come back to.
 * Sliders move faster than browsers take addresses, so that the address follows a little later.
 * @param {(state: State, changed: Set<string>) => void} tell
 */
export function keepState(tell) {
  let state = decode(location.hash);
  let timer = 0;
  const remember = how => {
    clearTimeout(timer);
    timer = 0;
    history[how](null, '', encode(state));
  };
  const become = next => {
    const changed = new Set(Object.keys(next).filter(key => String(next[key]) !== String(state[key])));
    state = next;
    if (changed.size > 0) tell(state, changed);
    return changed.size > 0;
  };
  addEventListener('popstate', () => become(decode(location.hash)));
  return {
    get: () => state,
    change(patch, { push = false } = {}) {
      if (push && timer) remember('replaceState');
      if (!become({ ...state, ...patch })) return;
      clearTimeout(timer);
      if (push) remember('pushState');
      else timer = setTimeout(remember, 300, 'replaceState');
    },
  };
}
