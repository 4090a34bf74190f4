// Tokens put together as a text.

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
