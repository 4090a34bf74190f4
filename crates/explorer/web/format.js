// Numbers as a language writes them, and tokens so that nothing in them is invisible.

/**
 * @param {string} lang a BCP 47 tag
 */
export function formats(lang) {
  const made = new Map();
  const numbers = (least, most) => {
    const key = `${least}-${most}`;
    if (!made.has(key)) made.set(key, new Intl.NumberFormat(lang, digits(least, most)));
    return made.get(key);
  };
  const fixed = (x, n) => numbers(n, n).format(x);
  const figures = (notation, n) => {
    const key = `${notation} ${n}`;
    if (!made.has(key)) made.set(key, new Intl.NumberFormat(lang, { notation, maximumSignificantDigits: n }));
    return made.get(key);
  };
  return {
    /** With just n digits after the comma. @type {(x: number, n: number) => string} */
    fixed,
    /** @type {(n: number) => string} */
    integer: n => numbers(0, 0).format(n),
    /** With at most n digits after the comma. @type {(x: number, n: number) => string} */
    upTo: (x, n) => numbers(0, n).format(x),
    /** Two digits after the comma, of a large one the first three. @type {(x: number) => string} */
    perplexity: x => (x < 1000 ? fixed(x, 2) : figures(notation(x), 3).format(x)),
    /** To a few digits, however small or large: 0.00125, 32.6, 1.2M, 3E-7. @type {(x: number, n?: number) => string} */
    short: (x, n = 3) => figures(notation(x), n).format(x),
    /** A share (0 to 1) in percent with one digit, as the panel rounds it. @type {(share: number) => string} */
    percent: share => `${fixed(Math.fround(share * 100), 1)}%`,
    /** A share to two digits after the comma; what is there but rounds to nothing is “<”. @type {(share: number) => string} */
    exact: share => (share > 0 && share < 0.00005 ? `<${fixed(0.01, 2)}%` : `${fixed(share * 100, 2)}%`),
  };
}

function notation(x) {
  const size = Math.abs(x);
  if (size === 0 || (size >= 1e-4 && size < 1e4)) return 'standard';
  return size >= 1e4 && size < 1e12 ? 'compact' : 'scientific';
}

/** Halves go to the even digit, as in Python. */
function digits(least, most) {
  return { minimumFractionDigits: least, maximumFractionDigits: most, roundingMode: 'halfEven' };
}

const SIGNS = new Map([[' ', '␣'], ['\n', '↵'], ['\t', '⇥'], ['\r', '␍'], ['\u00a0', '⍽'], ['\u007f', '␡']]);
const INVISIBLE = /[ \u00a0]|\p{Cc}|\p{Cf}|\p{Zs}|\p{Zl}|\p{Zp}|\p{Cs}|\p{Co}/gu;

/**
 * A token's text with white space, control and direction characters made visible.
 * @param {string} text
 * @returns {string}
 */
export function visible(text) {
  if (text === '') return '∅';
  return text.replace(INVISIBLE, sign).replace(/^(?=\p{M})/u, '◌');
}

function sign(char) {
  const code = char.codePointAt(0);
  if (SIGNS.has(char)) return SIGNS.get(char);
  return code < 0x20 ? String.fromCodePoint(0x2400 + code) : `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

/**
 * A text whose spaces stay as they are, but in which nothing turns the direction or breaks the line.
 * @param {string} text
 */
export function plain(text) {
  return text.replace(/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/gu, sign);
}

/**
 * @param {string} text
 * @param {number} most characters
 * @returns {string}
 */
export function shorten(text, most) {
  const characters = Array.from(text);
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
