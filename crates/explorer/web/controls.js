// Native inputs with a label, a value and a sentence of help.

import { el, say, set, words } from './dom.js';

let made = 0;

/** A unique id for an element. */
export function unique(name) {
  made += 1;
  return `${name}-${made}`;
}

/** “?” that opens one sentence. @param {Function} t @param {string} name @param {string} sentence */
export function help(t, name, sentence) {
  return el('details', { class: 'help' }, el('summary', { 'aria-label': t('help', { name }) }, '?'), el('p', {}, sentence));
}

/** A labelled input with its help. */
export function field(t, name, sentence, input, ...more) {
  const id = unique('input');
  set(input, 'id', id);
  return el('div', { class: 'field' }, el('label', { for: id }, name), input, ...more, help(t, name, sentence));
}

/**
 * A slider; with `exact` a number box beside it.
 * @param {{t: Function, name: string, help: string, exact?: boolean, onInput: (value: number) => void}} about
 */
export function slider({ t, name, help: sentence, exact = true, onInput }) {
  const read = event => onInput(Number(event.target.value));
  const typed = event => event.target.value !== '' && onInput(Number(event.target.value));
  const told = words();
  const range = el('input', { type: 'range', oninput: read });
  const box = el('input', { type: 'number', inputmode: 'decimal', 'aria-label': t('number_of', { name }), onchange: typed });
  const node = field(t, name, sentence, range, el('span', { class: 'value', 'aria-hidden': 'true' }, told), ...(exact ? [box] : []));
  set(node, 'class', 'field slider');
  return {
    node,
    range,
    limit({ min, max, step, top = max }) {
      Object.entries({ min, max, step }).forEach(([key, value]) => set(range, key, value));
      Object.entries({ min, max: top, step }).forEach(([key, value]) => set(box, key, value));
    },
    show(value, text) {
      range.value = value;
      if (document.activeElement !== box || Number(box.value) !== value) box.value = value;
      set(range, 'aria-valuetext', text);
      say(told, text);
    },
  };
}

/** A list to choose from. @param {[string, string][]} options value and text */
export function select(options, onChange) {
  const entries = options.map(([value, text]) => el('option', { value }, text));
  return el('select', { onchange: event => onChange(event.target.value) }, ...entries);
}

/** @param {string} text @param {() => void} onClick */
export function button(text, onClick, props = {}) {
  return el('button', { type: 'button', onclick: onClick, ...props }, text);
}

/** A check box that turns something on and off. */
export function toggle(onChange, props = {}) {
  return el('input', { type: 'checkbox', onchange: event => onChange(event.target.checked), ...props });
}
