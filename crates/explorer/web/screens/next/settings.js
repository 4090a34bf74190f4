// The controls of the screen “Next token”: what they show follows the state, what they change goes to it.

import { createPrompt, createScrubber, createSeed } from '../../asking.js';
import { button, field, help, slider, toggle } from '../../controls.js';
import { el, set } from '../../dom.js';
import { LIMITS, snap, switchMode } from '../../state.js';

const DIGITS = { t: 1, k: 0, p: 2, min_p: 2, typical_p: 2 };
const OFF = { k: 0, p: 1, min_p: 0, typical_p: 1 };

/**
 * @param {{t: Function, f: object, meta: object, store: object}} app
 * @param {{sample: () => void, greedy: () => void, undo: () => void, restart: () => void, keys: (on: boolean) => void}} actions
 * @returns {{node: HTMLElement, show: (state: import('../../state.js').State) => void}}
 */
export function createSettings(app, actions) {
  const parts = [createPrompt(app), createMode(app), createSliders(app), createScrubber(app), createSeed(app), createActions(app, actions)];
  const node = el('form', { class: 'settings', onsubmit: event => event.preventDefault() }, ...parts.flatMap(part => part.nodes));
  return { node, show: state => parts.forEach(part => part.show(state)) };
}

function createMode({ t, store }) {
  const change = on => store.change(switchMode(store.get(), on ? 'whole' : 'notebook'));
  const box = toggle(change, { role: 'switch' });
  const node = field(t, t('mode'), t('mode_help'), box);
  return { nodes: [node], show: ({ mode }) => (box.checked = mode === 'whole') };
}

function createSliders({ t, f, store }) {
  const change = name => value => store.change({ [name]: snap(store.get().mode, name, value) });
  const made = Object.keys(LIMITS.whole).map(name => [name, slider({ t, name: t(name), help: t(`${name}_help`), onInput: change(name) })]);
  let limited = '';
  const limit = mode => {
    limited = mode;
    made.forEach(([name, one]) => {
      set(one.node, 'hidden', !(name in LIMITS[mode]));
      one.limit(LIMITS[mode][name] ?? LIMITS.whole[name]);
    });
  };
  const words = (name, value, mode) => (mode === 'whole' && OFF[name] === value ? t('off') : f.fixed(value, DIGITS[name]));
  return {
    nodes: made.map(([, one]) => one.node),
    show(state) {
      if (state.mode !== limited) limit(state.mode);
      made.forEach(([name, one]) => one.show(state[name], words(name, state[name], state.mode)));
    },
  };
}

function createActions({ t }, { sample, greedy, undo, restart, keys }) {
  const back = [button(t('undo'), undo), button(t('restart'), restart)];
  const row = el('div', { class: 'actions', role: 'group' }, button(t('sample'), sample, { class: 'main' }), button(t('greedy'), greedy), ...back, help(t, t('sample'), t('actions_help')));
  const shortcuts = field(t, t('keys_on'), t('keys_help'), toggle(keys, { checked: true }));
  return { nodes: [row, shortcuts], show: ({ add }) => back.forEach(one => set(one, 'aria-disabled', add.length === 0 ? 'true' : null)) };
}
