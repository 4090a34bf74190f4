// The controls of the screen “Generate”.

import { createPrompt, createScrubber, createSeed } from '../../asking.js';
import { button, field, help, select, slider } from '../../controls.js';
import { el, say, set, words } from '../../dom.js';
import { nearest } from '../../fields.js';
import { fields, LIMITS } from './fields.js';
import { MEASURES } from './shade.js';

const NAMES = { gt: 't', gk: 'k', gp: 'p', gm: 'min_p', gy: 'typical_p', gn: 'most' };
const DIGITS = { gt: 1, gk: 0, gp: 2, gm: 2, gy: 2, gn: 0 };
const OFF = { gk: 0, gp: 1, gm: 0, gy: 1 };

/** The strategy that the state means. @param {import('../../state.js').State} state */
export function strategyOf({ gd, gt, gk, gp, gm, gy }) {
  return { greedy: gd === 'greedy', t: gt, k: gk, p: gp, min_p: gm, typical_p: gy };
}

/**
 * @param {object} app
 * @param {{generate: () => void, stop: () => void, goOn: () => void}} actions
 * @returns {{node: HTMLElement, show: (state: object, doing: {growing: boolean, open: boolean}) => void}} open: whether the text on show can go on
 */
export function createSettings(app, actions) {
  const parts = [createPrompt(app), createWay(app), createSliders(app), createScrubber(app), createSeed(app), createActions(app, actions)];
  const node = el('form', { class: 'settings', onsubmit: event => event.preventDefault() }, ...parts.flatMap(part => part.nodes));
  return { node, show: (state, doing) => parts.forEach(part => part.show(state, doing)) };
}

function createWay({ t, store }) {
  const list = select([['sample', t('way_sample')], ['greedy', t('way_greedy')]], gd => store.change({ gd }));
  return { nodes: [field(t, t('way'), t('way_help'), list)], show: ({ gd }) => (list.value = gd) };
}

function createSliders({ t, f, store }) {
  const made = Object.entries(NAMES).map(([field, name]) => {
    const change = value => store.change({ [field]: nearest(value, fields[field].start, LIMITS[field]) });
    const one = slider({ t, name: t(name), help: t(`${name}_help`), onInput: change });
    one.limit(LIMITS[field]);
    return [field, one];
  });
  const text = (field, value) => (OFF[field] === value ? t('off') : f.fixed(value, DIGITS[field]));
  const show = state =>
    made.forEach(([field, one]) => {
      set(one.node, 'hidden', state.gd === 'greedy' && field !== 'gn');
      one.show(state[field], text(field, state[field]));
    });
  return { nodes: made.map(([, one]) => one.node), show };
}

/** Generate and Stop share a place, and keep the focus. */
function createActions({ t }, { generate, stop, goOn }) {
  let doing = { growing: false, open: false };
  const told = words();
  const main = el('button', { type: 'button', class: 'main', onclick: () => (doing.growing ? stop() : generate()) }, told);
  const more = button(t('go_on'), () => doing.open && goOn());
  const row = el('div', { class: 'actions', role: 'group' }, main, more, help(t, t('generate'), t('generate_help')));
  const show = (_, now) => {
    doing = now;
    say(told, t(now.growing ? 'stop' : 'generate'));
    set(more, 'aria-disabled', now.open ? null : 'true');
  };
  return { nodes: [row], show };
}

/** What tokens are shaded by. */
export function createMeasure({ t, store }) {
  const list = select([...MEASURES, 'off'].map(name => [name, t(name === 'off' ? 'shade_off' : `shade_${name}`)]), shade => store.change({ shade }));
  const node = field(t, t('shade'), t('shade_help'), list);
  return { node, show: ({ shade }) => (list.value = shade) };
}
