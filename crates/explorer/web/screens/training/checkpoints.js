// Every checkpoint, and the screens on which one can open it.

import { stepOf } from '../../asking.js';
import { el } from '../../dom.js';
import { createPager } from '../../pages.js';
import { encode } from '../../state.js';
import { perplexity } from './curves.js';

const SCREENS = ['next', 'generate', 'compare', 'beams', 'inside'];
const ROWS = 12;

/**
 * @param {object} app
 * @returns {{node: HTMLElement, show: (state: import('../../state.js').State) => void}}
 */
export function createCheckpoints({ t, f, meta, store }) {
  let offset = 0;
  const body = el('tbody');
  const pager = createPager({ t }, { name: t('checkpoints'), limit: ROWS, onTurn: to => ((offset = to), show(store.get())) });
  const heads = ['read_step', 'read_held_out', 'read_perplexity', 'open_in'].map(name => el('th', { scope: 'col' }, t(name)));
  const table = el('table', {}, el('caption', {}, t('checkpoints_caption')), el('thead', {}, el('tr', {}, ...heads)), body);
  const link = (state, name, step) => el('a', { href: encode({ ...state, screen: name, step }), 'aria-label': t('open_at', { screen: t(name), step: f.integer(step) }) }, t(name));
  const row = (state, { step, val_loss }) => {
    const isShown = step === stepOf(state, meta);
    const links = el('td', { class: 'links' }, ...SCREENS.flatMap(name => [link(state, name, step), ' ']));
    const number = (value, write) => (value == null ? '–' : write(value));
    return el('tr', { class: isShown ? 'shown' : null, 'aria-current': isShown ? 'true' : null }, el('th', { scope: 'row' }, f.integer(step) + (isShown ? ` ${t('on_show')}` : '')), el('td', {}, number(val_loss, x => f.fixed(x, 4))), el('td', {}, number(perplexity(val_loss), f.perplexity)), links);
  };
  let drawn = '';
  const show = state => {
    const all = meta.checkpoints.toReversed();
    const now = JSON.stringify([encode(state), all, offset]);
    if (now === drawn) return;
    drawn = now;
    body.replaceChildren(...all.slice(offset, offset + ROWS).map(one => row(state, one)));
    pager.node.hidden = all.length <= ROWS;
    pager.show(offset, all.length, (from, to) => t('rows_shown', { from: f.integer(from), to: f.integer(to), all: f.integer(all.length) }));
  };
  const node = el('section', { class: 'checkpoints', 'aria-label': t('checkpoints') }, el('h2', {}, t('checkpoints')), el('div', { class: 'table', role: 'region', tabindex: 0, 'aria-label': t('checkpoints_caption') }, table), pager.node);
  return { node, show };
}
