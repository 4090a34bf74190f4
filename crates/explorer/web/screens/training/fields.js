// What the screen “Training” remembers in the address.

import { flag, oneOf } from '../../fields.js';

export const fields = { x: oneOf('step', 'tokens', 'seconds'), logx: flag(), logy: flag() };
