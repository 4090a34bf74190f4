// The choice of the token that takes the place of each.

import { field, unique } from '../../controls.js';
import { el } from '../../dom.js';
import { meant, offers, written } from './choice.js';

/**
 * One of the vocabulary, or none: then the server's own.
 * @param {object} app
 * @returns {{node: HTMLElement, show: (state: import('../../state.js').State) => void}}
 */
export function createReplacement({ t, vocab, store }) {
  const list = el('datalist', { id: unique('tokens') });
  const offer = given => list.replaceChildren(...offers(given, vocab).map(id => el('option', { value: written(id, vocab[id].text) })));
  const change = given => {
    const id = given === '' ? null : meant(given, vocab);
    input.setCustomValidity(given !== '' && id === null ? t('no_such_token') : '');
    if (given === '' || id !== null) store.change({ rp: id });
  };
  const input = el('input', { type: 'text', list: list.id, autocomplete: 'off', spellcheck: 'false', placeholder: t('rp_start'), oninput: () => offer(input.value), onfocus: () => offer(input.value), onchange: () => change(input.value) });
  const node = el('form', { onsubmit: event => event.preventDefault() }, field(t, t('rp'), t('rp_help'), input), list);
  const show = ({ rp }) => {
    if (document.activeElement !== input) input.value = rp === null ? '' : written(rp, vocab[rp]?.text ?? '');
  };
  return { node, show };
}
