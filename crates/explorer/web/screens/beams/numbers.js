// The tree as the lines of a CSV file.

const COLUMNS = ['step', 'group', 'parent', 'beam', 'token', 'id', 'logprob', 'total', 'fate', 'score', 'ended'];

/**
 * Steps count from 1, beams from 0; a beam is where it lives on.
 * @param {import('./tree.js').Node[]} nodes
 * @param {(id: number) => string} token
 * @returns {unknown[][]}
 */
export function numbers(nodes, token) {
  const line = ({ depth, group, parent, beam, token: id, logprob, total, kind, score, ended }) => [depth, group, parent.beam, beam, token(id), id, logprob, total, kind, score, ended];
  return [COLUMNS, ...nodes.filter(({ depth }) => depth > 0).map(line)];
}
