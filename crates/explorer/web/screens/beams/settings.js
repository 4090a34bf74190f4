// The controls of the screen “Beams”.

import { createPrompt, createScrubber, createSeed } from '../../asking.js';
import { field, select, slider, toggle } from '../../controls.js';
import { el, set } from '../../dom.js';
import { nearest } from '../../fields.js';
import { START } from '../../state.js';
import { LIMITS } from './fields.js';
import { groupsIn, groupsOf } from './request.js';

const DIGITS = { nb: 0, nt: 0, lp: 1, dp: 1, bt: 1 };

/**
 * @param {object} app
 * @returns {{node: HTMLElement, show: (state: import('../../state.js').State) => void}}
 */
export function createSettings(app) {
  const one = name => createSlider(app, name);
  const parts = [createPrompt(app), createScrubber(app), one('nb'), one('nt'), one('lp'), createEarly(app), createGroups(app), when(one('dp'), state => groupsIn(state) > 1), createSampling(app), when(one('bt'), ({ bs }) => bs), when(createSeed(app), ({ bs }) => bs)];
  const node = el('form', { class: 'settings', onsubmit: event => event.preventDefault() }, ...parts.flatMap(part => part.nodes));
  return { node, show: state => parts.forEach(part => part.show(state)) };
}

/** A part that is there only in some states. */
function when(part, there) {
  const show = state => {
    part.nodes.forEach(node => set(node, 'hidden', !there(state)));
    part.show(state);
  };
  return { nodes: part.nodes, show };
}

function createSlider({ t, f, store }, name) {
  const change = value => store.change({ [name]: nearest(value, START[name], LIMITS[name]) });
  const one = slider({ t, name: t(name), help: t(`${name}_help`), onInput: change });
  one.limit(LIMITS[name]);
  return { nodes: [one.node], show: state => one.show(state[name], f.fixed(state[name], DIGITS[name])) };
}

function createEarly({ t, store }) {
  const options = ['heuristic', 'at_once', 'never'].map(value => [value, t(`es_${value}`)]);
  const list = select(options, es => store.change({ es }));
  return { nodes: [field(t, t('es'), t('es_help'), list)], show: ({ es }) => (list.value = es) };
}

/** Only as many groups as divide the beams. */
function createGroups({ t, f, store }) {
  const list = select([], bg => store.change({ bg: Number(bg) }));
  let offered = '';
  const offer = groups => {
    offered = String(groups);
    list.replaceChildren(...groups.map(n => el('option', { value: n }, f.integer(n))));
  };
  const show = state => {
    const groups = groupsOf(state.nb);
    if (offered !== String(groups)) offer(groups);
    list.value = String(groupsIn(state));
  };
  return { nodes: [field(t, t('bg'), t('bg_help'), list)], show };
}

function createSampling({ t, store }) {
  const box = toggle(bs => store.change({ bs }));
  return { nodes: [field(t, t('bs'), t('bs_help'), box)], show: ({ bs }) => (box.checked = bs) };
}
