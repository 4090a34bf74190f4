// All heads of all layers, small: each is chosen by a press, or by arrow keys.

import { el, set } from '../../dom.js';
import { heads, shade } from './heads.js';
import { moved } from './heatmap.js';
import { paint } from './pixels.js';

/**
 * @param {{t: Function, f: object, meta: {layers: number}, store: object}} app
 * @param {() => void} onSeen once they come into sight
 * @returns {{node: HTMLElement, clear: () => void, add: (answer: object) => void, show: (state: object) => void, leave: () => void}}
 */
export function createMaps({ t, f, meta, store }, onSeen) {
  const rows = Array.from({ length: meta.layers }, (_, layer) => createRow(layer, { t, f, store }));
  const node = el('div', { class: 'maps', role: 'group', 'aria-label': t('all_heads') }, ...rows.map(row => row.node));
  node.addEventListener('keydown', event => walk(event, store, rows));
  const eye = new IntersectionObserver(([entry]) => entry.isIntersecting && (eye.disconnect(), onSeen()));
  eye.observe(node);
  return {
    node,
    clear: () => rows.forEach(row => row.busy()),
    add: answer => rows[answer.layer]?.fill(heads(answer)),
    show: ({ la, he }) => rows.forEach((row, layer) => row.mark(layer === la ? he : null)),
    leave: () => eye.disconnect(),
  };
}

function createRow(layer, { t, f, store }) {
  const box = el('div', { class: 'heads' }, t('loading'));
  const node = el('div', { class: 'layer', role: 'group', 'aria-label': t('layer_n', { n: f.integer(layer + 1) }) }, el('span', { class: 'name' }, t('layer_n', { n: f.integer(layer + 1) })), box);
  let buttons = [];
  const make = (head, i) => {
    const canvas = el('canvas', { 'aria-hidden': 'true' });
    paint(canvas, head.size, head.size, (row, column) => shade(head, row, column));
    const words = t(head.future ? 'head_future' : 'head_n', { n: f.integer(i + 1) });
    return el('button', { type: 'button', tabindex: -1, title: words, onclick: () => store.change({ la: layer, he: i }) }, canvas, el('span', {}, words));
  };
  return {
    node,
    get buttons() {
      return buttons;
    },
    busy: () => set(node, 'aria-busy', 'true'),
    fill(all) {
      set(node, 'aria-busy', null);
      const had = buttons.indexOf(document.activeElement);
      buttons = all.map(make);
      box.replaceChildren(...buttons);
      buttons[had]?.focus();
      this.mark(store.get().la === layer ? store.get().he : null);
    },
    mark(chosen) {
      const at = chosen === null ? null : Math.min(chosen, buttons.length - 1);
      buttons.forEach((button, i) => {
        set(button, 'aria-pressed', String(i === at));
        set(button, 'tabindex', i === at ? 0 : -1);
      });
    },
  };
}

/** Arrow keys choose the head beside it. */
function walk(event, store, rows) {
  const row = rows.findIndex(one => one.buttons.includes(event.target));
  if (row < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const to = moved(event.key, { row, column: rows[row].buttons.indexOf(event.target) }, rows.length, rows[row].buttons.length);
  const button = to && rows[to[0]].buttons[to[1]];
  if (!to) return;
  event.preventDefault();
  if (!button) return;
  store.change({ la: to[0], he: to[1] });
  button.focus();
}
