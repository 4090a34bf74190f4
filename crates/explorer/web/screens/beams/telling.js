// What the page says of a node, a sequence and the search: words, no elements.

import { plain, shorten, visible } from '../../format.js';
import { path, tokens } from './tree.js';

export const SIGNS = { root: '', alive: '→', finished: '■', pruned: '×', best: '★' };

/**
 * @param {{t: Function, f: ReturnType<import('../../format.js').formats>, vocab: {text: string}[], text: (ids: number[]) => string}} app
 */
export function telling({ t, f, vocab, text }) {
  const token = id => (id === null ? t('prompt_node') : visible(vocab[id]?.text ?? `#${id}`));
  const nats = value => (value === -Infinity ? '−∞' : f.fixed(value, 3));
  const whole = node => plain(text(tokens(node)));
  const fate = ({ why, beam }) => t(`why_${why}`, { beam: f.integer((beam ?? 0) + 1) });
  const scored = ({ score }) => (score === null ? '–' : nats(score));
  return {
    token,
    nats,
    whole,
    fate,
    label: node => shorten(token(node.token), node.kind === 'pruned' ? 9 : 12),
    small: ({ logprob, total }) => `${short(logprob, f)} Σ ${short(total, f)}`,
    sum: ({ total }) => short(total, f),
    name: (node, best) => (node.depth === 0 ? t('prompt_node') : t(best ? 'node_best' : 'node', { token: token(node.token), logprob: nats(node.logprob), total: nats(node.total), fate: fate(node) })),
    details: node => [whole(node) || '∅', nats(node.logprob), nats(node.total), scored(node), fate(node)],
    line: node => [f.integer(node.depth), f.integer(node.group + 1), path(node).slice(1, -1).map(one => token(one.token)).join(' ') || t('prompt_node'), token(node.token), String(node.token), nats(node.logprob), nats(node.total), fate(node)],
  };
}

function short(value, f) {
  return value === -Infinity ? '−∞' : f.fixed(value, 2);
}
