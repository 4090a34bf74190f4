// What is counted of each text, and of each strategy over all prompts.

import { distinct, mean, meanSurprisal, perplexity, repetition } from '../../statistics.js';

/** The names of the numbers. */
export const COUNTS = ['surprisal', 'perplexity', 'distinct_1', 'distinct_2', 'repetition', 'length'];

/** @param {import('./cells.js').Cell} cell @returns {Record<string, number>} */
export function counts({ tokens }) {
  const ids = tokens.map(({ id }) => id);
  const surprisal = meanSurprisal(tokens);
  return { surprisal, perplexity: perplexity(surprisal), distinct_1: distinct(ids, 1), distinct_2: distinct(ids, 2), repetition: repetition(ids), length: ids.length };
}

/** The means over texts that have the number; the perplexity is of the mean surprisal of all tokens, each counting once. */
export function averages(cells) {
  const made = cells.filter(({ tokens }) => tokens.length > 0).map(counts);
  const of = name => mean(made.map(one => one[name]).filter(value => !Number.isNaN(value)));
  const all = meanSurprisal(cells.flatMap(({ tokens }) => tokens));
  return { ...Object.fromEntries(COUNTS.map(name => [name, of(name)])), surprisal: all, perplexity: perplexity(all) };
}

/** The lines of the CSV file. @param {{prompt: string, strategy: string, cell: object, text: string, difference: number | null}[]} entries */
export function lines(entries) {
  const head = ['prompt', 'strategy', 'text', 'first_difference', 'ended', ...COUNTS];
  return [head, ...entries.map(({ prompt, strategy, cell, text, difference }) => [prompt, strategy, text, difference ?? '', cell.reason ?? cell.state, ...Object.values(counts(cell))])];
}

/** @param {number} x @param {object} f of format.js */
export function countText(name, x, f) {
  if (Number.isNaN(x)) return '–';
  if (!Number.isFinite(x)) return '∞';
  if (name === 'repetition') return f.percent(x);
  if (name === 'length') return f.short(Number(x.toFixed(1)));
  return `${f.fixed(x, name === 'perplexity' ? 1 : 2)}${name === 'surprisal' ? ' bits' : ''}`;
}
