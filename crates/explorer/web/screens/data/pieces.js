// A text cut into the pieces that its tokens stand for. Places are code points, as the server counts them.

/** @typedef {{id: number, start: number, end: number}} Piece */
/** @typedef {{text: string, piece: Piece | null, at: number | null, frames: boolean}} Part
 *     piece: null for what no token stands for; at: the token's place; frames: it stands for no character */

/**
 * @param {string} text
 * @param {Piece[]} pieces in their order
 * @returns {Part[]} the whole text and every token, in order
 */
export function parts(text, pieces) {
  const characters = Array.from(text);
  const found = [];
  let read = 0;
  const gap = to => to > read && found.push({ text: characters.slice(read, to).join(''), piece: null, at: null, frames: false });
  pieces.forEach((piece, at) => {
    gap(piece.start);
    found.push({ text: characters.slice(piece.start, piece.end).join(''), piece, at, frames: piece.start === piece.end });
    read = Math.max(read, piece.end);
  });
  gap(characters.length);
  return found;
}

/**
 * What there is to count.
 * @param {string} text @param {Piece[]} pieces @param {{unknown?: number | null, window: number}} meta
 * @returns {{characters: number, words: number, tokens: number, frames: number, unknown: number, share: number | null, perWord: number | null, cut: number}}
 *     share: of the tokens that stand for characters, how many are unknown; cut: how many tokens lie left of the window
 */
export function counts(text, pieces, { unknown = null, window }) {
  const words = (text.match(/\S+/gu) ?? []).length;
  const own = pieces.filter(({ start, end }) => end > start);
  const strange = own.filter(({ id }) => id === unknown).length;
  return {
    characters: Array.from(text).length,
    words,
    tokens: pieces.length,
    frames: pieces.length - own.length,
    unknown: strange,
    share: own.length > 0 ? strange / own.length : null,
    perWord: words > 0 ? own.length / words : null,
    cut: Math.max(0, pieces.length - window),
  };
}

/** How a token is written: its characters, and its bytes in UTF-8. @param {string} text */
export function written(text) {
  const characters = Array.from(text);
  return {
    points: characters.map(one => `U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`),
    bytes: Array.from(new TextEncoder().encode(text), byte => byte.toString(16).toUpperCase().padStart(2, '0')),
  };
}
