// What the address says of the screen “Generate”.

import { number, oneOf, whole } from '../../fields.js';

/** Least, most and step of each slider; `top` is as far as one may type. A 0 for k and min-p, a 1 for p and typical is off. */
export const LIMITS = {
  gt: { min: 0.1, max: 3, step: 0.1 },
  gk: { min: 0, max: 100, step: 1, top: 2 ** 21 },
  gp: { min: 0.01, max: 1, step: 0.01 },
  gm: { min: 0, max: 1, step: 0.01 },
  gy: { min: 0.01, max: 1, step: 0.01 },
  gn: { min: 1, max: 256, step: 1 },
};

/** The notebook's sampling, to start with. @type {Record<string, import('../../fields.js').Field>} */
export const fields = {
  gd: oneOf('sample', 'greedy'),
  gt: number(0.8, LIMITS.gt),
  gk: number(50, LIMITS.gk),
  gp: number(0.9, LIMITS.gp),
  gm: number(0, LIMITS.gm),
  gy: number(1, LIMITS.gy),
  gn: number(15, LIMITS.gn),
  shade: oneOf('surprisal', 'probability', 'entropy', 'rank', 'off'),
  branch: whole(),
};
