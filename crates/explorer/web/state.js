// What the page shows, as the URL's hash says it: `#next?t=0.7&k=5`. What is as at the start is left out.

/** @typedef {{screen: string, prompt: string | null, add: number[], mode: 'notebook' | 'whole', t: number, k: number, p: number,
 *             min_p: number, typical_p: number, seed: string, step: number | null, lang: string | null,
 *             theme: 'auto' | 'light' | 'dark', table: boolean}} State */

/** @type {State} */
export const START = Object.freeze({
  screen: 'next', prompt: null, add: Object.freeze([]), mode: 'notebook', t: 1, k: 15, p: 1, min_p: 0, typical_p: 1,
  seed: '42', step: null, lang: null, theme: 'auto', table: false,
});

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

/**
 * The nearest value that a slider has; what cannot be read is the value at the start.
 * @param {State['mode']} mode
 * @param {string} name
 * @param {unknown} value
 */
export function snap(mode, name, value) {
  const { min, max, step, top = max } = LIMITS[mode][name] ?? LIMITS.whole[name];
  const number = value === '' || !Number.isFinite(Number(value)) ? START[name] : Number(value);
  const steps = Math.round((Math.min(top, Math.max(min, number)) - min) / step);
  return Number((min + steps * step).toFixed(4));
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
  const one = (name, allowed) => (allowed.includes(asked.get(name)) ? asked.get(name) : START[name]);
  const mode = one('mode', ['notebook', 'whole']);
  const sliders = Object.keys(LIMITS.whole).map(name => [name, snap(mode, name, asked.get(name) ?? START[name])]);
  return {
    screen: screen || START.screen,
    prompt: asked.get('prompt'),
    add: ids(asked.get('add')),
    mode,
    ...Object.fromEntries(sliders),
    seed: /^\d{1,20}$/.test(asked.get('seed') ?? '') ? asked.get('seed') : START.seed,
    step: /^\d{1,15}$/.test(asked.get('step') ?? '') ? Number(asked.get('step')) : null,
    lang: one('lang', ['en', 'pt']),
    theme: one('theme', ['light', 'dark']),
    table: asked.get('table') === '1',
  };
}

function ids(text) {
  return /^\d+(\.\d+)*$/.test(text ?? '') ? text.split('.').map(Number) : [];
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
