// Where a search found something: in a text, whatever the case.

/**
 * The text in parts, those that match told apart.
 * @param {string} text @param {string} query
 * @returns {{text: string, isMatch: boolean}[]}
 */
export function matches(text, query) {
  const characters = Array.from(text);
  const wanted = query.toLowerCase();
  if (wanted === '') return text === '' ? [] : [{ text, isMatch: false }];
  const { lower, owner } = lowered(characters);
  const found = [];
  let read = 0;
  const take = (to, isMatch) => {
    if (to > read) found.push({ text: characters.slice(read, to).join(''), isMatch });
    read = Math.max(read, to);
  };
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, at + wanted.length)) {
    take(owner[at], false);
    take(owner[at + wanted.length - 1] + 1, true);
  }
  take(characters.length, false);
  return found;
}

/** In lower case, a character may be several: `owner` tells whose each is. */
function lowered(characters) {
  const owner = [];
  const lower = characters.map((one, i) => {
    const small = one.toLowerCase();
    for (let j = 0; j < small.length; j++) owner.push(i);
    return small;
  });
  return { lower: lower.join(''), owner };
}

/**
 * At most `most` characters of a text, from a little before the first match on.
 * @param {string} text @param {string} query @param {number} most
 * @returns {{text: string, before: boolean, after: boolean}} whether something is left out before and after
 */
export function excerpt(text, query, most) {
  const characters = Array.from(text);
  if (characters.length <= most) return { text, before: false, after: false };
  const [first, second] = matches(text, query);
  const at = first?.isMatch || !second ? 0 : Array.from(first.text).length;
  const from = at < most / 2 ? 0 : Math.min(at - Math.floor(most / 4), characters.length - most);
  return { text: characters.slice(from, from + most).join(''), before: from > 0, after: from + most < characters.length };
}

/**
 * The tokens that a search means: all without one, one by its id (`#12` or `12`), others by what is in their text.
 * @param {{id: number, text: string}[]} vocab @param {string} query
 */
export function lookUp(vocab, query) {
  if (query === '') return vocab;
  const id = /^#?(\d+)$/.exec(query)?.[1];
  const wanted = query.toLowerCase();
  return vocab.filter(token => (id !== undefined && token.id === Number(id)) || token.text.toLowerCase().includes(wanted));
}
