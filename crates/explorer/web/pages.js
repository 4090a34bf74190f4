// A long list by pages: which there are, and the buttons that turn them.

import { button } from './controls.js';
import { el, say, set, words } from './dom.js';

/**
 * Where one is in a list, and where one can go.
 * @param {number} offset of the first shown @param {number} limit how many a page has @param {number} all
 * @returns {{from: number, to: number, first: number | null, previous: number | null, next: number | null, last: number | null}}
 *     from and to are counted from 1, both 0 where there is nothing; the others are offsets, null where they lead nowhere
 */
export function pages(offset, limit, all) {
  const end = Math.max(0, Math.ceil(all / limit) - 1) * limit;
  const here = Math.min(Math.max(0, offset), end);
  const [back, on] = [here > 0, here + limit < all];
  return {
    from: all === 0 ? 0 : here + 1,
    to: Math.min(all, here + limit),
    first: back ? 0 : null,
    previous: back ? Math.max(0, here - limit) : null,
    next: on ? here + limit : null,
    last: on ? end : null,
  };
}

/**
 * @param {{t: Function}} app
 * @param {{name: string, limit: number, onTurn: (offset: number) => void}} about name: of the list, for who listens
 * @returns {{node: HTMLElement, show: (offset: number, all: number, told: (from: number, to: number) => string) => void}}
 */
export function createPager({ t }, { name, limit, onTurn }) {
  const told = words();
  let there = {};
  const turn = where => there[where] !== null && onTurn(there[where]);
  const buttons = ['first', 'previous', 'next', 'last'].map(where => [where, button(t(`page_${where}`), () => turn(where))]);
  const node = el('div', { class: 'pager', role: 'group', 'aria-label': t('pages_of', { name }) }, ...buttons.map(([, one]) => one), el('span', { class: 'note', role: 'status' }, told));
  return {
    node,
    show(offset, all, tell) {
      there = pages(offset, limit, all);
      // Disabled by name alone: a button that is pressed does not lose the focus on the last page.
      buttons.forEach(([where, one]) => set(one, 'aria-disabled', there[where] === null ? 'true' : null));
      say(told, tell(there.from, there.to));
    },
  };
}
