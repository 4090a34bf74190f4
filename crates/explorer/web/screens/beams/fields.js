// What the address says of a beam search.

import { flag, number, oneOf, whole } from '../../fields.js';

/** Least, most and step of each slider. */
export const LIMITS = {
  nb: { min: 1, max: 8, step: 1 },
  nt: { min: 1, max: 30, step: 1 },
  lp: { min: -2, max: 3, step: 0.1 },
  dp: { min: 0, max: 5, step: 0.1 },
  bt: { min: 0.1, max: 3, step: 0.1 },
};

/** Beams, new tokens, length penalty, early stopping, groups and their penalty, sampling and its temperature; then the
 * steps shown (null: all) and whether the pruned are hidden. */
export const fields = {
  nb: number(4, LIMITS.nb),
  nt: number(8, LIMITS.nt),
  lp: number(1, LIMITS.lp),
  es: oneOf('heuristic', 'at_once', 'never'),
  bg: number(1, LIMITS.nb),
  dp: number(0, LIMITS.dp),
  bs: flag(),
  bt: number(1, LIMITS.bt),
  at: whole(),
  hp: flag(),
};
