// The tokens that the model reads, and those that one has appended.

import { el, set } from './dom.js';
import { visible } from './format.js';

/**
 * @param {{t: Function, f: object, vocab: {text: string, special: boolean}[]}} app
 * @returns {{node: HTMLElement, show: (ranked: {ids: number[], cut: number}, appended: number) => void}}
 */
export function createContext({ t, f, vocab }) {
  const list = el('ol', { class: 'tokens' });
  const told = el('p', { class: 'note' });
  const chip = (id, isNew) => {
    const { text = '', special = false } = vocab[id] ?? {};
    const kinds = [special && 'special', isNew && 'new'].filter(Boolean).join(' ');
    const words = t('token', { id, text: visible(text) }) + (isNew ? `, ${t('appended')}` : '');
    return el('li', { class: kinds || null, title: words }, el('bdi', {}, visible(text)), ...(isNew ? [el('span', { class: 'unseen' }, ` (${t('appended')})`)] : []));
  };
  const show = ({ ids, cut }, appended) => {
    list.replaceChildren(...ids.map((id, i) => chip(id, i >= ids.length - appended)));
    const left = cut > 0 ? `; ${t('context_cut', { n: f.integer(cut) }, cut)}` : '';
    told.textContent = `${t('context_tokens', { n: f.integer(ids.length) }, ids.length)}${left}.`;
    set(told, 'class', cut > 0 ? 'note warning' : 'note');
  };
  const node = el('section', { 'aria-label': t('context') }, el('h2', {}, t('context')), list, told);
  return { node, show };
}
