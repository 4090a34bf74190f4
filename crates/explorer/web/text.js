// Tokens put together as a text.

import { plain, visible } from './format.js';

/**
 * Of many tokens the text that they are, without what only frames it: special tokens that end or begin a text are left out,
 * unknown ones are shown.
 * @param {{separator?: string, unknown?: number | null}} meta
 * @param {{text: string, special: boolean}[]} vocab
 * @returns {(ids: number[]) => string}
 */
export function createReader({ separator = ' ', unknown = null }, vocab) {
  const shown = id => id === unknown || !vocab[id]?.special;
  return ids => ids.filter(shown).map(id => vocab[id]?.text ?? `#${id}`).join(separator);
}

/** @typedef {{text: string, special: boolean, gap: string}} Piece  gap: what stands between it and the one before */

/**
 * A token of a running text, every one shown: spaces within words as they are, a token of nothing but white space as signs.
 * @param {{separator?: string}} meta
 * @param {{text: string, special: boolean}[]} vocab
 * @returns {(id: number, index: number) => Piece}
 */
export function createPieces({ separator = ' ' }, vocab) {
  return (id, index) => {
    const { text = `#${id}`, special = false } = vocab[id] ?? {};
    return { text: /\S/.test(text) ? plain(text).replace(/^(?=\p{M})/u, '◌') : visible(text), special, gap: index > 0 ? separator : '' };
  };
}
