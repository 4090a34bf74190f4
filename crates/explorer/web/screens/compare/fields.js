// What the address says of the screen “Compare”.

import { number, text, whole } from '../../fields.js';

export const LENGTH = { min: 1, max: 256, step: 1 };

/** `cp`: the prompts, where they are not the run's; `cs`: one's own strategies; `cr`: the column that others are compared with. */
export const fields = { cp: text(), cs: text(), cn: number(15, LENGTH), cr: whole(0, 6) };
