// A table of fixed rows: filling it changes words and makes nothing.

import { el, say, set, words } from './dom.js';

/**
 * @param {{caption: string, columns: string[], rows: number, heading?: number}} shape heading: the column that names a row
 * @returns {{node: HTMLElement, fill: (rows: string[][], off?: (index: number) => boolean) => void}}
 */
export function createTable({ caption, columns, rows, heading = 0 }) {
  const cells = Array.from({ length: rows }, () => columns.map(() => words()));
  const lines = cells.map(line => el('tr', { hidden: true }, ...line.map((word, i) => cell(word, i === heading))));
  const head = el('tr', {}, ...columns.map(column => el('th', { scope: 'col' }, column)));
  const node = el('table', {}, el('caption', {}, caption), el('thead', {}, head), el('tbody', {}, ...lines));
  const fill = (texts, off = () => false) =>
    lines.forEach((line, i) => {
      set(line, 'hidden', i >= texts.length);
      set(line, 'class', i < texts.length && off(i) ? 'off' : null);
      cells[i].forEach((word, j) => say(word, texts[i]?.[j] ?? ''));
    });
  return { node, fill };
}

/** Texts of tokens may run from right to left: each is isolated from its neighbours. */
function cell(word, isHeading) {
  return el(isHeading ? 'th' : 'td', isHeading ? { scope: 'row' } : {}, el('bdi', {}, word));
}

/**
 * A table of as many rows as there are, made anew each time.
 * @param {{caption: string, columns: string[], heading?: number}} shape
 * @returns {{node: HTMLElement, fill: (rows: string[][]) => void}}
 */
export function createList({ caption, columns, heading = 0 }) {
  const body = el('tbody');
  const head = el('tr', {}, ...columns.map(column => el('th', { scope: 'col' }, column)));
  const line = texts => el('tr', {}, ...texts.map((text, i) => cell(text, i === heading)));
  const node = el('table', {}, el('caption', {}, caption), el('thead', {}, head), body);
  return { node, fill: rows => body.replaceChildren(...rows.map(line)) };
}
