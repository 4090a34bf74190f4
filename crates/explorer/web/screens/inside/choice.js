// A token of the vocabulary by what one writes.

import { visible } from '../../format.js';

/** How a token is offered and written: as it is seen, and by its id, for texts may be those of several. */
export function written(id, text) {
  return `${visible(text)} #${id}`;
}

/**
 * The token meant: by its id after “#”, or by its text, as it is or as it is seen. Null where there is none.
 * @param {string} given
 * @param {{id: number, text: string}[]} vocab
 * @returns {number | null}
 */
export function meant(given, vocab) {
  const id = Number(given.match(/#(\d+)$/)?.[1] ?? NaN);
  if (vocab[id]) return id;
  const found = vocab.find(({ text }) => text === given) ?? vocab.find(({ text }) => visible(text) === given);
  return found?.id ?? null;
}

/** The first tokens in whose texts that occurs. @param {string} given @param {{id: number, text: string}[]} vocab */
export function offers(given, vocab, most = 30) {
  const found = [];
  const wanted = given.toLowerCase();
  for (const token of vocab) {
    if (token && visible(token.text).toLowerCase().includes(wanted)) found.push(token.id);
    if (found.length === most) break;
  }
  return found;
}
