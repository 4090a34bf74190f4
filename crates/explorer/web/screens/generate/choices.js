// What a token was chosen from, and the other texts that each alternative begins.

import { button } from '../../controls.js';
import { el, set } from '../../dom.js';
import { shorten, visible } from '../../format.js';
import { bits } from './telling.js';

const MOST = 40; // characters of a token

/**
 * @param {object} app
 * @param {{onChoose: (choice: import('./tree.js').Choice) => void, onClose: () => void}} listeners
 * @returns {{node: HTMLElement, show: (chosen: {index: number, token: import('./tree.js').Made} | null) => void, pick: (n: number) => void}}
 */
export function createChoices({ t, f, vocab, meta }, { onChoose, onClose }) {
  const text = id => shorten(visible(vocab[id]?.text ?? `#${id}`), MOST);
  const [title, facts, body] = [el('h2'), el('p', { class: 'facts' }), el('tbody')];
  const columns = ['column_token', 'before', 'after', 'fate'].map(name => el('th', { scope: 'col' }, t(name)));
  const list = el('table', { class: 'choices' }, el('caption', { class: 'unseen' }, t('choices')), el('thead', {}, el('tr', {}, ...columns)), body);
  const close = button(t('close'), onClose);
  const heading = el('div', { class: 'heading' }, title, close);
  const node = el('section', { class: 'panel', hidden: true, 'aria-label': t('choices') }, heading, facts, el('p', { class: 'note' }, t('choices_note')), el('div', { class: 'wide' }, list));
  let shown = null;
  let known = null;
  const choose = choice => choice && choice.id !== shown.id && onChoose(choice);
  return {
    node,
    show(chosen) {
      set(node, 'hidden', chosen === null);
      if (chosen?.token === known) return;
      known = chosen?.token ?? null;
      if (!known) return;
      shown = known;
      title.replaceChildren(t('choices_of', { n: f.integer(chosen.index + 1) }), ' ', el('bdi', {}, text(shown.id)));
      facts.replaceChildren(...factsOf(shown, { t, f, meta }));
      body.replaceChildren(...rows(shown).map((choice, i) => line(choice, i, shown, { t, f, text, choose })));
    },
    pick: n => shown && choose(shown.top[n]),
  };
}

function factsOf({ surprisal_bits, entropy_bits, entropy_final_bits, kept, rank }, { t, f, meta }) {
  const fact = (name, value) => el('span', {}, `${name} `, el('b', {}, value));
  return [
    fact(t('shade_surprisal'), bits(surprisal_bits ?? Infinity, f)),
    fact(t('shade_entropy'), t('entropy_values', { before: f.fixed(entropy_bits, 2), after: f.fixed(entropy_final_bits, 2) })),
    fact(t('rank'), f.integer(rank + 1)),
    fact(t('kept'), t('kept_of', { kept: f.integer(kept), all: f.integer(meta.vocab_size) })),
  ];
}

/** The token itself is told where it is not among the likeliest. */
function rows({ top, id, rank, p_raw, p_final }) {
  return top.some(choice => choice.id === id) ? top : [...top, { id, rank, p_raw, p_final, kept: p_final > 0, cut_by: null }];
}

function line(choice, i, shown, { t, f, text, choose }) {
  const { id, rank, p_raw, p_final, kept, cut_by } = choice;
  const isChosen = id === shown.id;
  const key = i < 9 && i < shown.top.length ? el('kbd', { 'aria-hidden': 'true' }, String(i + 1)) : '';
  const label = t(isChosen ? 'choice_taken' : 'choice', { rank: f.integer(rank + 1) });
  const token = button('', () => choose(choice), { 'aria-disabled': isChosen ? 'true' : null, class: 'choice-token' });
  token.append(key, el('bdi', {}, text(id)), el('span', { class: 'unseen' }, `, ${label}`));
  const fate = isChosen ? `✓ ${t('chosen')}` : kept ? t('fate_kept') : cut_by ? t(`cut_by_${cut_by}`) : t('not_kept');
  const share = el('span', { class: 'share', 'aria-hidden': 'true' }, el('span'));
  share.firstChild.style.setProperty('--share', `${(100 * p_raw).toFixed(2)}%`);
  const name = el('th', { scope: 'row' }, token);
  return el('tr', { class: isChosen ? 'taken' : kept ? null : 'off' }, name, el('td', {}, share, f.exact(p_raw)), el('td', {}, kept || p_final > 0 ? f.exact(p_final) : '✕'), el('td', {}, fate));
}
