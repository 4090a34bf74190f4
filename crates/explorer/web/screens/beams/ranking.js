// The sequences that ended, best first.

import { tokens } from './tree.js';

/** @typedef {{node: import('./tree.js').Node, tokens: number[], logprob: number, length: number, score: number, kept: boolean | null}} Ended
 *     kept: whether the search returned it; null where that is not known */

/**
 * What a sequence is ranked by. @param {number} logprob in nats @param {number} length in tokens @param {number} penalty
 */
export function score(logprob, length, penalty) {
  return logprob / length ** penalty;
}

/**
 * All that ended in the tree, by their score under a penalty; of equal ones, the earlier first.
 * @param {import('./tree.js').Node[]} nodes
 * @param {number} penalty
 * @returns {Ended[]}
 */
export function rerank(nodes, penalty) {
  const ended = nodes.filter(node => node.ended && node.total > -Infinity);
  const all = ended.map(node => ({ node, tokens: tokens(node), logprob: node.total, length: node.depth, score: score(node.total, node.depth, penalty), kept: null }));
  return all.sort((a, b) => b.score - a.score);
}

/**
 * As the search itself ranked them: those that it returned, then the others that ended.
 * @param {import('./tree.js').Node[]} nodes
 * @param {number} penalty the one it searched with
 * @param {{tokens: number[]}[]} hypotheses
 * @returns {Ended[]}
 */
export function exact(nodes, penalty, hypotheses) {
  const rest = rerank(nodes, penalty);
  const kept = hypotheses.flatMap(({ tokens }) => {
    const found = rest.findIndex(one => one.node.kind === 'finished' && String(one.tokens) === String(tokens));
    return found < 0 ? [] : rest.splice(found, 1);
  });
  return [...kept.map(one => ({ ...one, kept: true })), ...rest.map(one => ({ ...one, kept: false }))];
}
