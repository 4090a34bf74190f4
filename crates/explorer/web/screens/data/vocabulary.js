// Every token that the model knows, by id or by text, and how one is written.

import { button, field } from '../../controls.js';
import { debounce, el } from '../../dom.js';
import { csv } from '../../export.js';
import { createFiles } from '../../files.js';
import { visible } from '../../format.js';
import { createPager, pages } from '../../pages.js';
import { lookUp } from './matches.js';
import { written } from './pieces.js';

const LIMIT = 20;
const TYPED_AFTER = 150;

/**
 * @param {object} app
 * @returns {{node: HTMLElement, show: (state: import('../../state.js').State) => void, leave: () => void}}
 */
export function createVocabulary(app) {
  const { t, f, vocab, store, meta } = app;
  let found = vocab;
  const write = debounce(() => store.change({ look: search.value, voc: 0 }), TYPED_AFTER);
  const search = el('input', { type: 'search', autocomplete: 'off', spellcheck: 'false', maxlength: 200, oninput: write });
  const controls = el('form', { class: 'settings', role: 'search', 'aria-label': t('vocabulary'), onsubmit: event => event.preventDefault() }, field(t, t('look'), t('look_help'), search));
  const pager = createPager(app, { name: t('vocabulary'), limit: LIMIT, onTurn: voc => store.change({ voc }) });
  const body = el('tbody');
  const heads = ['id', 'column_token', 'kind', 'written'].map(name => el('th', { scope: 'col' }, t(name)));
  const table = el('table', {}, el('caption', {}, t('vocabulary_caption')), el('thead', {}, el('tr', {}, ...heads)), body);
  const detail = el('div', { class: 'detail', role: 'status' });
  const rows = () => found.map(token => ({ ...token, never_drawn: meta.never_drawn.includes(token.id), kinds: kinds(token, meta) }));
  const files = createFiles(app, 'vocabulary', {
    csv: () => csv([['id', 'text', 'special', 'never_drawn'], ...rows().map(one => [one.id, one.text, one.special, one.never_drawn])]),
    record: () => ({ run: meta.run, fingerprint: meta.fingerprint, tokens: rows() }),
  });
  const box = el('div', { class: 'table', role: 'region', tabindex: 0, 'aria-label': t('vocabulary_caption') }, table);
  const node = el('section', { class: 'vocabulary', 'aria-label': t('vocabulary') }, el('h2', {}, t('vocabulary')), controls, pager.node, box, detail, el('div', { class: 'below' }, files));
  let drawn = '';
  const show = ({ look, voc, token }) => {
    if (document.activeElement !== search) search.value = look;
    const now = JSON.stringify([look, voc, token]);
    if (now === drawn) return;
    drawn = now;
    found = lookUp(vocab, look.trim());
    pager.show(voc, found.length, (from, to) => (found.length === 0 ? t('no_token') : t('tokens_shown', { from: f.integer(from), to: f.integer(to), all: f.integer(found.length) })));
    body.replaceChildren(...onPage(found, voc).map(one => row(app, one, token)));
    detail.replaceChildren(...(vocab[token] ? [shownDetail(app, vocab[token])] : []));
  };
  return { node, show, leave: write.cancel };
}

/** An address may lead beyond the end: the last page is there. */
function onPage(found, at) {
  const { from, to } = pages(at, LIMIT, found.length);
  return found.slice(Math.max(0, from - 1), to);
}

/** What a token is beside its text. */
function kinds({ id, special }, { unknown, end_of_text = [], never_drawn }) {
  return [special && 'special', id === unknown && 'unknown', end_of_text.includes(id) && 'end', never_drawn.includes(id) && 'never'].filter(Boolean);
}

function row({ t, meta, store }, token, chosen) {
  const isChosen = token.id === chosen;
  const choose = button(t('how_written'), () => store.change({ token: store.get().token === token.id ? null : token.id }), { 'aria-pressed': String(isChosen), 'aria-label': `${t('how_written')}: ${token.id}` });
  // The row is made anew, and whoever pressed goes on from there.
  if (isChosen && document.activeElement?.closest?.('.vocabulary tbody')) queueMicrotask(() => choose.focus());
  const cells = [el('bdi', {}, visible(token.text)), kinds(token, meta).map(kind => t(`kind_${kind}`)).join(', '), choose];
  return el('tr', { class: isChosen ? 'shown' : null }, el('th', { scope: 'row' }, String(token.id)), ...cells.map(cell => el('td', {}, cell)));
}

function shownDetail({ t, f, meta }, token) {
  const { points, bytes } = written(token.text);
  const facts = [
    ['id', String(token.id)],
    ['column_token', visible(token.text)],
    ['kind', kinds(token, meta).map(kind => t(`kind_${kind}`)).join(', ') || t('kind_plain')],
    ['length', t('characters_bytes', { characters: f.integer(points.length), bytes: f.integer(bytes.length) })],
    ['points', points.join(' ') || '–'],
    ['bytes', bytes.join(' ') || '–'],
  ];
  return el('dl', { class: 'facts' }, ...facts.map(([name, text]) => el('div', {}, el('dt', {}, t(name)), el('dd', {}, el('bdi', {}, text)))));
}
