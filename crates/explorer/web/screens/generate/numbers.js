// The numbers of a text: totals, the lines of its table and of its CSV.

import { meanSurprisal, perplexity } from '../../statistics.js';

const COLUMNS = ['position', 'token', 'id', 'by_hand', 'rank', 'p_raw', 'p_final', 'surprisal_bits', 'entropy_bits', 'entropy_final_bits', 'kept', 'branch'];

/** Ranks and positions count from 0; positions within the whole sequence. @param {{token: object, owner: object}[]} tokens @param {number} prompt how many tokens it has */
export function lines(tokens, prompt, text) {
  const line = ({ token, owner }, i) => COLUMNS.map(name => ({ position: prompt + i, token: text(token.id), by_hand: token.by_hand ?? false, branch: owner.id })[name] ?? token[name]);
  return [COLUMNS, ...tokens.map(line)];
}

/** @returns {{tokens: number, mean: number, perplexity: number, speed: number | null}} speed: tokens a second of the branch itself */
export function totals(tokens, { tokens: own, end }) {
  const mean = meanSurprisal(tokens.map(({ token }) => token));
  const drawn = own.filter(token => !token.by_hand).length;
  return { tokens: tokens.length, mean, perplexity: perplexity(mean), speed: end && end.seconds > 0 && drawn > 0 ? drawn / end.seconds : null };
}
