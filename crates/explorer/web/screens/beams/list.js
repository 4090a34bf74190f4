// The sequences that ended, best first; each leads to where it ends in the tree.

import { button } from '../../controls.js';
import { el, say, words } from '../../dom.js';
import { SIGNS } from './telling.js';

const COLUMNS = ['rank', 'so_far', 'logprob', 'length', 'score', 'outcome'];

/**
 * @param {{t: Function, f: object}} app
 * @param {ReturnType<import('./telling.js').telling>} tell
 * @param {(node: import('./tree.js').Node) => void} onPick
 * @returns {{node: HTMLElement, show: (ended: import('./ranking.js').Ended[], told: string) => void}}
 */
export function createHypotheses({ t, f }, tell, onPick) {
  const body = el('tbody');
  const told = words();
  const head = el('tr', {}, ...COLUMNS.map(name => el('th', { scope: 'col' }, t(name))));
  const table = el('table', {}, el('caption', { class: 'unseen' }, t('hypotheses')), el('thead', {}, head), body);
  const node = el('section', { class: 'hypotheses', 'aria-label': t('hypotheses') }, el('h2', {}, t('hypotheses')), el('p', { class: 'note' }, told), el('div', { class: 'table', role: 'region', tabindex: 0, 'aria-label': t('hypotheses_table') }, table));
  const line = (one, i) => {
    const name = el('bdi', {}, tell.whole(one.node) || '∅');
    const cells = [tell.nats(one.logprob), f.integer(one.length), tell.nats(one.score), t(outcome(one))].map(text => el('td', {}, text));
    const pick = button('', () => onPick(one.node), { class: 'plain' });
    pick.append(name);
    return el('tr', { class: i === 0 ? 'best' : one.kept === false ? 'off' : null }, el('td', {}, `${i === 0 ? `${SIGNS.best} ` : ''}${f.integer(i + 1)}`), el('th', { scope: 'row' }, pick), ...cells);
  };
  const show = (ended, sentence) => {
    say(told, sentence);
    body.replaceChildren(...ended.map(line));
  };
  return { node, show };
}

function outcome({ kept, node }) {
  if (kept !== null) return kept ? 'kept' : node.kind === 'finished' ? 'ousted' : 'ended_low';
  return node.kind === 'finished' ? 'was_kept' : 'ended_low';
}
