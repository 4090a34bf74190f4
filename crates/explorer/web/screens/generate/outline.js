// The branches at the side, as a tree (WAI-ARIA's pattern): arrows move, Enter shows one, Delete takes it away.

import { el, set } from '../../dom.js';
import { button } from '../../controls.js';
import { shorten } from '../../format.js';
import { createPieces } from '../../text.js';
import { children, path } from './tree.js';
import { endText, recipeText } from './telling.js';

const MOST = 70; // characters of a branch's text
const DEEPEST = 8; // what springs from there is no further to the right

/**
 * @param {object} app
 * @param {{onShow: (id: number) => void, onRemove: (id: number) => void, onClear: () => void, onUndo: () => void}} actions
 * @returns {{node: HTMLElement, show: (session: import('./session.js').Session, shown: number | null) => void, focus: () => void}}
 */
export function createOutline(app, { onShow, onRemove, onClear, onUndo }) {
  const { t } = app;
  const list = el('ul', { role: 'tree', 'aria-label': t('branches') });
  const none = el('p', { class: 'note' }, t('no_branches'));
  const dropped = el('p', { class: 'note warning', role: 'status' });
  const state = { items: new Map(), current: null, forest: [], shown: null };
  const remove = button(t('remove'), () => onRemove(state.shown));
  const clear = button(t('clear'), onClear);
  const undo = button(t('undo_remove'), onUndo);
  const node = el('aside', { class: 'branches', 'aria-label': t('branches') }, el('h2', {}, t('branches')), none, list, dropped, el('div', { class: 'actions' }, remove, clear, undo));
  roam(list, state, { onShow, onRemove });
  return {
    node,
    show(session, shown) {
      const { forest, removed, dropped: gone } = session;
      const held = list.contains(document.activeElement);
      Object.assign(state, { forest, shown, items: new Map() });
      list.replaceChildren(...items(app, state, null, 1));
      state.current = state.items.has(state.current) ? state.current : shown;
      state.items.forEach((item, id) => set(item, 'tabindex', id === (state.current ?? forest[0]?.id) ? 0 : -1));
      if (held) state.items.get(state.current)?.focus();
      for (const [part, on] of [[list, forest.length > 0], [none, forest.length === 0], [remove, shown !== null], [clear, forest.length > 0], [undo, removed.length > 0]]) set(part, 'hidden', !on);
      dropped.textContent = gone > 0 ? t('dropped', { n: gone }, gone) : '';
    },
  };
}

/** One after the other, each at its depth. */
function items(app, state, parent, depth) {
  const { forest, shown, items: made } = state;
  return children(forest, parent).flatMap((branch, i, all) => {
    const { where, text } = words(app, forest, branch);
    const about = el('span', { class: 'note' }, `${recipeText(branch.recipe, app)} · ${endText(branch, app.t)}`);
    const head = el('div', { class: 'item' }, el('span', { class: 'where' }, where), ' ', el('bdi', {}, text), ' ', about);
    const item = el('li', { role: 'treeitem', 'aria-level': depth, 'aria-setsize': all.length, 'aria-posinset': i + 1, 'aria-selected': String(branch.id === shown), 'data-branch': branch.id }, head);
    item.style.setProperty('--depth', String(Math.min(depth - 1, DEEPEST)));
    made.set(branch.id, item);
    return [item, ...items(app, state, branch.id, depth + 1)];
  });
}

/** Where it leaves its parent, and what it says that is its own. */
function words({ t, meta, vocab }, forest, { parent, at, tokens, prompt }) {
  const piece = createPieces(meta, vocab);
  const joined = ids => ids.map((id, i) => piece(id, i)).map(({ gap, text }) => gap + text).join('');
  const before = parent === null ? null : path(forest, parent).slice(Math.max(0, at - 1), at).map(({ token }) => token.id);
  const where = parent === null ? shorten(prompt, 40) : before.length > 0 ? t('after_token', { token: shorten(joined(before), 16) }) : t('at_start');
  return { where, text: shorten(joined(tokens.slice(0, MOST).map(({ id }) => id)), MOST) };
}

function roam(list, state, { onShow, onRemove }) {
  const idOf = node => Number(node.closest('[role=treeitem]')?.getAttribute('data-branch'));
  const go = id => {
    if (!state.items.has(id)) return;
    state.items.forEach((item, other) => set(item, 'tabindex', other === id ? 0 : -1));
    state.current = id;
    state.items.get(id).focus();
  };
  const beside = by => [...state.items.keys()][[...state.items.keys()].indexOf(state.current) + by];
  const keys = {
    ArrowDown: () => go(beside(1)),
    ArrowUp: () => go(beside(-1)),
    ArrowRight: () => go(children(state.forest, state.current)[0]?.id),
    ArrowLeft: () => go(state.forest.find(({ id }) => id === state.current)?.parent),
    Home: () => go([...state.items.keys()][0]),
    End: () => go([...state.items.keys()].at(-1)),
    Enter: () => onShow(state.current),
    ' ': () => onShow(state.current),
    Delete: () => onRemove(state.current),
  };
  list.addEventListener('focusin', event => (state.current = idOf(event.target)));
  list.addEventListener('keydown', event => {
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  list.addEventListener('click', event => {
    const id = idOf(event.target);
    if (id) go(id), onShow(id);
  });
}
