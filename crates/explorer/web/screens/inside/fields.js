// What the address says of the screen “Inside”.

import { oneOf, whole } from '../../fields.js';

/** What the logit lens can be coloured by. */
export const COLOURS = ['probability', 'entropy', 'divergence', 'rank'];

/** Layer, head, position (null: the last), the lens's row (null: the last) and colours; the probe's replacement (null: the
 * server's) and row (null: the last). */
export const fields = {
  la: whole(0),
  he: whole(0),
  ps: whole(),
  ly: whole(),
  cb: oneOf(...COLOURS),
  rp: whole(),
  rw: whole(),
};
