// What the screen “Data and tokens” remembers in the address.

import { oneOf, text, whole } from '../../fields.js';

/** `voc` is where the page of the vocabulary begins. */
export const fields = { split: oneOf('all', 'train', 'held_out'), find: text(''), from: whole(0), doc: whole(), look: text(''), voc: whole(0), token: whole() };
