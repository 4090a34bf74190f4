// Words that the figures share: tokens at their positions, numbers of any size.

import { shorten, visible } from '../../format.js';

/** A token longer than this is shortened: its id tells the rest. */
const LONG = 40;
const CELL = { least: 14, most: 50, all: 620 };

/** @param {{t: Function, f: object, vocab: {text: string}[]}} app */
export function telling({ t, f, vocab }) {
  const token = id => shorten(visible(vocab[id]?.text ?? `#${id}`), LONG);
  const at = (ids, i) => t('token_at', { token: token(ids[i]), n: f.integer(i + 1) });
  return {
    token,
    at,
    labels: ids => ids.map(id => shorten(token(id), 12)),
    size: value => (value === Infinity ? '∞' : value === 0 ? '0' : value >= 0.001 ? f.fixed(value, 3) : value.toExponential(1)),
  };
}

/** How large a square of so many positions is drawn. @param {number} n */
export function square(n) {
  const side = Math.max(CELL.least, Math.min(CELL.most, Math.floor(CELL.all / n)));
  return { width: side, height: side };
}

/** The position that a state means, of so many: the last where it names none. */
export function position(value, n) {
  return Math.max(0, Math.min(value ?? n - 1, n - 1));
}

/** As many rows as a table can hold with ease: those of all positions, or, of many positions, those of the chosen one. */
export function rowsShown(n, chosen) {
  return n <= 32 ? Array.from({ length: n }, (_, i) => i) : [chosen];
}
