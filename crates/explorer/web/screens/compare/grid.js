// A row a prompt, a column a strategy: the texts, where each first differs from the reference, and what is counted of it.

import { button, unique } from '../../controls.js';
import { debounce, el, set } from '../../dom.js';
import { createPieces } from '../../text.js';
import { COUNTS, countText, counts } from './numbers.js';

/** @typedef {{cell: import('./cells.js').Cell, name: string, difference: number | null, isReference: boolean}} Entry */

/**
 * @param {object} app
 * @param {{onPrompt: (index: number, text: string) => void, onRemove: (index: number) => void}} actions
 * @returns {{node: HTMLElement, show: (rows: {prompt: string, entries: Entry[]}[]) => void, leave: () => void}}
 */
export function createGrid(app, actions) {
  const node = el('div', { class: 'texts' });
  let rows = [];
  const shape = wanted => {
    if (rows.length === wanted.length && rows.every((row, i) => row.cells.length === wanted[i].entries.length)) return;
    rows = wanted.map((row, i) => createRow(app, i, wanted.length, row.entries.length, actions));
    node.replaceChildren(...rows.map(row => row.node));
  };
  return {
    node,
    show(wanted) {
      shape(wanted);
      rows.forEach((row, i) => row.show(wanted[i]));
    },
    leave: () => rows.forEach(row => row.leave()),
  };
}

function createRow(app, index, all, columns, { onPrompt, onRemove }) {
  const { t } = app;
  const id = unique('prompt');
  const later = debounce(text => onPrompt(index, text), 600);
  const now = event => (later.cancel(), onPrompt(index, event.target.value));
  const input = el('input', { id, type: 'text', autocomplete: 'off', spellcheck: 'false', oninput: event => later(event.target.value), onchange: now, onkeydown: event => event.key === 'Enter' && now(event) });
  const away = all > 1 ? [button('✕', () => onRemove(index), { 'aria-label': t('remove_prompt', { n: index + 1 }), title: t('remove_prompt', { n: index + 1 }) })] : [];
  const cells = Array.from({ length: columns }, () => createCell(app));
  const head = el('div', { class: 'prompt' }, el('label', { for: id }, t('prompt_n', { n: index + 1 })), input, ...away);
  const node = el('section', { class: 'row', 'aria-label': t('prompt_n', { n: index + 1 }) }, head, el('div', { class: 'cells' }, ...cells.map(cell => cell.node)));
  return {
    node,
    cells,
    leave: later.cancel,
    show({ prompt, entries }) {
      if (document.activeElement !== input) input.value = prompt;
      entries.forEach((entry, i) => cells[i].show(entry));
    },
  };
}

function createCell(app) {
  const { t, f } = app;
  const [name, text, list] = [el('h2'), el('p', { class: 'text' }), el('dl', { class: 'counts' })];
  const node = el('article', { class: 'cell' }, name, text, list);
  let known = '';
  return {
    node,
    show(entry) {
      const { cell, difference, isReference } = entry;
      const key = [cell.state, cell.tokens.length, difference, isReference, entry.name, cell.prompt, cell.tokens.map(token => token.id)].join('|');
      if (key === known) return;
      known = key;
      name.replaceChildren(entry.name, ...(isReference ? [el('span', { class: 'tag' }, t('reference_tag'))] : []));
      set(node, 'aria-busy', cell.state === 'growing' ? 'true' : null);
      text.replaceChildren(...words(entry, app));
      const numbers = counts(cell);
      const lines = [...COUNTS.map(count => [t(count), countText(count, numbers[count], f)]), [t('ended'), endText(cell, t)]];
      list.replaceChildren(...lines.map(([term, value]) => el('div', {}, el('dt', {}, term), el('dd', {}, value))));
    },
  };
}

/** Why a text is as long as it is. @param {import('./cells.js').Cell} cell */
export function endText({ state, reason, error }, t) {
  if (state === 'done') return t(`end_${reason}`);
  return state === 'failed' ? t('end_failed', { detail: error.message }) : t(`end_${state}`);
}

function words({ cell, difference }, app) {
  const { t, meta, vocab } = app;
  if (cell.tokens.length === 0) return [el('span', { class: 'note' }, t(`end_${cell.state === 'done' || cell.state === 'failed' ? 'none' : cell.state}`))];
  const piece = createPieces(meta, vocab);
  const sign = () => el('mark', {}, '≠', el('span', { class: 'unseen' }, ` ${t('differs')} `));
  const shown = cell.tokens.flatMap(({ id }, i) => {
    const { text, special, gap } = piece(id, i);
    const here = i === difference;
    return [gap, ...(here ? [sign()] : []), el('bdi', { class: [special && 'special', here && 'differs'].filter(Boolean).join(' ') || null }, text)];
  });
  return difference === cell.tokens.length ? [...shown, ' ', sign()] : shown;
}
