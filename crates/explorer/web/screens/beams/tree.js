// The steps of a search as a tree.

/**
 * @typedef {{id: number, depth: number, group: number, parent: Node | null, children: Node[], token: number | null,
 *     logprob: number, total: number, kind: 'root' | 'alive' | 'finished' | 'pruned', beam: number | null,
 *     score: number | null, ended: boolean, why: string}} Node
 *     depth: how many tokens it has; total: the sum of their log-probabilities, in nats; ended: it can grow no further;
 *     why: of its fate
 */

/**
 * All nodes, the root (the prompt) first, then step by step as the server tells them.
 * @param {{candidates: object[]}[]} steps
 * @param {{ends: number[], most: number}} limits the tokens that end a text, and after how many all end
 * @returns {Node[]}
 */
export function grow(steps, { ends, most }) {
  const root = { id: 0, depth: 0, group: 0, parent: null, children: [], token: null, logprob: 0, total: 0, kind: 'root', beam: 0, score: null, ended: false, why: 'root' };
  const nodes = [root];
  let alive = new Map([[0, root]]);
  steps.forEach(({ candidates }, i) => {
    const born = candidates.map(candidate => node(candidate, i + 1, alive.get(candidate.parent) ?? root));
    born.forEach(one => {
      one.ended = ends.includes(one.token) || one.depth === most;
      one.why = reason(one, born);
      one.id = nodes.push(one) - 1;
      one.parent.children.push(one);
    });
    alive = new Map(born.filter(one => one.kind === 'alive').map(one => [one.beam, one]));
  });
  return nodes;
}

function node({ group, token, logprob, total, fate }, depth, parent) {
  const kind = typeof fate === 'string' ? fate : Object.keys(fate)[0];
  const { beam = null, score = null } = fate[kind] ?? {};
  return { depth, group, parent, children: [], token, logprob: number(logprob), total: number(total), kind, beam, score };
}

/** JSON has no −∞ and says null. */
function number(value) {
  return value ?? -Infinity;
}

function reason({ kind, ended, total, group }, born) {
  if (kind !== 'pruned') return kind;
  if (total === -Infinity) return 'cut';
  if (ended) return 'ended_low';
  return born.some(one => one.group === group && one.kind === 'alive') ? 'worse' : 'over';
}

/** From the root to the node, both included. @param {Node | null} node @returns {Node[]} */
export function path(node) {
  return node ? [...path(node.parent), node] : [];
}

/** The generated tokens. @param {Node} node @returns {number[]} */
export function tokens(node) {
  return path(node).slice(1).map(({ token }) => token);
}
