// The controls of the screen “Next token”: what they show follows the state, what they change goes to it.

import { button, field, help, select, slider, toggle } from './controls.js';
import { debounce, el, set } from './dom.js';
import { LIMITS, snap, switchMode } from './state.js';

const DIGITS = { t: 1, k: 0, p: 2, min_p: 2, typical_p: 2 };
const OFF = { k: 0, p: 1, min_p: 0, typical_p: 1 };

/**
 * @param {{t: Function, f: object, meta: object, store: object}} app
 * @param {{sample: () => void, greedy: () => void, undo: () => void, restart: () => void, keys: (on: boolean) => void}} actions
 * @returns {{node: HTMLElement, show: (state: import('./state.js').State) => void}}
 */
export function createSettings(app, actions) {
  const parts = [createPrompt(app), createMode(app), createSliders(app), createScrubber(app), createSeed(app), createActions(app, actions)];
  const node = el('form', { class: 'settings', onsubmit: event => event.preventDefault() }, ...parts.flatMap(part => part.nodes));
  return { node, show: state => parts.forEach(part => part.show(state)) };
}

function createPrompt({ t, meta, store }) {
  let known = null; // what the field and the state agreed on last: typing is not overwritten, and leaving the field is no change
  const write = prompt => {
    later.cancel();
    if (prompt === known) return;
    known = prompt;
    store.change({ prompt, add: [] }, { push: true });
  };
  const later = debounce(write, 400);
  const enter = event => event.key === 'Enter' && write(text.value);
  const text = el('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', oninput: () => later(text.value), onchange: () => write(text.value), onkeydown: enter });
  const list = select([...meta.prompts.map((prompt, i) => [String(i), prompt]), ['own', t('prompts_own')]], value => {
    if (value === 'own') return text.focus();
    text.value = meta.prompts[Number(value)];
    write(text.value);
  });
  const show = ({ prompt }) => {
    const shown = prompt ?? meta.prompts[0] ?? '';
    if (shown !== known) text.value = known = shown;
    const index = meta.prompts.indexOf(shown);
    list.value = index < 0 ? 'own' : String(index);
  };
  return { nodes: [field(t, t('prompts'), t('prompts_help'), list), field(t, t('text'), t('text_help'), text)], show };
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

function createScrubber({ t, f, meta: { checkpoints }, store }) {
  const steps = checkpoints.map(checkpoint => checkpoint.step);
  const last = steps.length - 1;
  const change = index => store.change({ step: index === last ? null : steps[index] });
  const one = slider({ t, name: t('step'), help: t('step_help'), exact: false, onInput: change });
  one.limit({ min: 0, max: Math.max(0, last), step: 1 });
  set(one.node, 'hidden', last < 1);
  const words = ({ step, val_loss }) =>
    val_loss == null ? t('step_value', { step: f.integer(step) }) : t('step_value_loss', { step: f.integer(step), loss: f.fixed(val_loss, 3) });
  return {
    nodes: [one.node],
    show({ step }) {
      const found = step === null ? last : steps.indexOf(step);
      one.show(found < 0 ? last : found, found < 0 ? t('step_value', { step: f.integer(step ?? 0) }) : words(checkpoints[found]));
    },
  };
}

function createSeed({ t, store }) {
  const change = event => /^\d{1,20}$/.test(event.target.value) && store.change({ seed: event.target.value });
  const input = el('input', { type: 'text', inputmode: 'numeric', pattern: '[0-9]{1,20}', maxlength: 20, required: true, oninput: change });
  const show = ({ seed }) => {
    if (document.activeElement !== input) input.value = seed;
  };
  return { nodes: [field(t, t('seed'), t('seed_help'), input)], show };
}

function createActions({ t }, { sample, greedy, undo, restart, keys }) {
  const back = [button(t('undo'), undo), button(t('restart'), restart)];
  const row = el('div', { class: 'actions', role: 'group' }, button(t('sample'), sample, { class: 'main' }), button(t('greedy'), greedy), ...back, help(t, t('sample'), t('actions_help')));
  const shortcuts = field(t, t('keys_on'), t('keys_help'), toggle(keys, { checked: true }));
  return { nodes: [row, shortcuts], show: ({ add }) => back.forEach(one => set(one, 'aria-disabled', add.length === 0 ? 'true' : null)) };
}
