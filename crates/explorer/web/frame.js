// What stands around every chart: the table behind it, the sentence for who listens, and the files to save.

import { toggle, unique } from './controls.js';
import { debounce, el, say, set, words } from './dom.js';

const SAID_AFTER = 500;

/**
 * @param {{t: Function, store: object}} app
 * @param {{name: string, chart: Element, table: HTMLElement, tableName: string, files: HTMLElement}} parts
 * @returns {{node: HTMLElement, busy: (on: boolean) => void, say: (sentence: string) => void,
 *            show: (state: import('./state.js').State) => void, leave: () => void}}
 */
export function createFrame({ t, store }, { name, chart, table, tableName, files }) {
  const box = el('div', { role: 'region', 'aria-label': tableName }, table);
  const spoken = words();
  const speak = debounce(text => say(spoken, text), SAID_AFTER);
  const shown = toggle(on => store.change({ table: on }), { id: unique('table') });
  const below = el('div', { class: 'below' }, el('label', {}, shown, ` ${t('table')}`), files);
  const node = el('figure', { 'aria-label': name }, el('div', { class: 'scroll' }, chart), el('p', { role: 'status', class: 'unseen' }, spoken), below, box);
  return {
    node,
    busy: on => set(node, 'aria-busy', on ? 'true' : null),
    say: speak,
    show: ({ table }) => showTable(box, shown, table),
    leave: speak.cancel,
  };
}

/** Out of sight it stays for who listens; in sight it may scroll, so that keys must reach it. */
function showTable(box, toggle, on) {
  set(box, 'class', on ? 'table' : 'table unseen');
  set(box, 'tabindex', on ? 0 : null);
  toggle.checked = on;
}
