// The controls of the screen “Compare”: what all texts share, and one's own strategies.

import { createScrubber, createSeed } from '../../asking.js';
import { button, field, help, select, slider, unique } from '../../controls.js';
import { el, set } from '../../dom.js';
import { nearest } from '../../fields.js';
import { LENGTH } from './fields.js';
import { FRESH, LIMITS, MOST_OWN, read, write } from './strategies.js';

/**
 * @param {object} app
 * @param {{stop: () => void, again: () => void}} actions
 * @returns {{node: HTMLElement, show: (state: object, doing: {busy: boolean, left: boolean, names: string[]}) => void}} left: whether a text was not finished
 */
export function createSettings(app, actions) {
  const parts = [createSeed(app), createScrubber(app), createLength(app), createReference(app), createOwn(app), createActions(app, actions)];
  const node = el('form', { class: 'settings', onsubmit: event => event.preventDefault() }, ...parts.flatMap(part => part.nodes));
  return { node, show: (state, doing) => parts.forEach(part => part.show(state, doing)) };
}

function createLength({ t, f, store }) {
  const one = slider({ t, name: t('most'), help: t('most_help'), onInput: cn => store.change({ cn: nearest(cn, 15, LENGTH) }) });
  one.limit(LENGTH);
  return { nodes: [one.node], show: ({ cn }) => one.show(cn, f.integer(cn)) };
}

function createReference({ t, store }) {
  const list = select([], value => store.change({ cr: Number(value) }));
  const show = ({ cr }, { names }) => {
    if (list.childElementCount !== names.length || names.some((name, i) => list.children[i].textContent !== name)) list.replaceChildren(...names.map((name, i) => el('option', { value: i }, name)));
    list.value = String(Math.min(cr, names.length - 1));
  };
  return { nodes: [field(t, t('reference'), t('reference_help'), list)], show };
}

function createOwn({ t, store }) {
  const list = el('div', { class: 'own' });
  const add = button(t('add_strategy'), () => store.change({ cs: write([...read(store.get().cs), FRESH]) }));
  const explained = help(t, t('add_strategy'), t('own_help'));
  let shown = 0;
  const change = (i, name, value) => {
    const own = read(store.get().cs);
    own[i] = { ...own[i], [name]: nearest(value, FRESH[name], LIMITS[name]) };
    store.change({ cs: write(own) });
  };
  const remove = i => {
    store.change({ cs: write(read(store.get().cs).filter((_, at) => at !== i)) });
    add.focus();
  };
  const show = ({ cs }) => {
    const own = read(cs);
    if (own.length !== shown) list.replaceChildren(...own.map((_, i) => ownStrategy(t, i, change, remove)));
    shown = own.length;
    own.forEach((one, i) => [...list.children[i].querySelectorAll('input')].forEach(input => input !== document.activeElement && (input.value = one[input.name])));
    set(add, 'hidden', own.length >= MOST_OWN);
    set(explained, 'hidden', own.length >= MOST_OWN);
  };
  return { nodes: [list, el('div', { class: 'actions' }, add, explained)], show };
}

function ownStrategy(t, i, change, remove) {
  const numbers = Object.entries(LIMITS).map(([name, { min, max, step }]) => {
    const id = unique('own');
    const input = el('input', { id, name, type: 'number', inputmode: 'decimal', min, max, step, onchange: event => change(i, name, event.target.value) });
    return el('div', { class: 'number' }, el('label', { for: id }, t(name)), input);
  });
  return el('fieldset', {}, el('legend', {}, t('own_legend', { n: i + 1 })), ...numbers, button(t('remove'), () => remove(i), { 'aria-label': t('remove_own', { n: i + 1 }) }));
}

function createActions({ t }, { stop, again }) {
  const [end, retry] = [button(t('stop'), stop), button(t('again'), again, { class: 'main' })];
  const show = (_, { busy, left }) => {
    set(end, 'aria-disabled', busy ? null : 'true');
    set(retry, 'hidden', busy || !left);
  };
  return { nodes: [el('div', { class: 'actions', role: 'group' }, end, retry)], show };
}
