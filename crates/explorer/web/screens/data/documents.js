// The texts that the run learnt from and was measured on: by pages, by a search, each with its tokens.

import { Problem } from '../../api.js';
import { button, field, select } from '../../controls.js';
import { debounce, el, set } from '../../dom.js';
import { csv } from '../../export.js';
import { createFiles } from '../../files.js';
import { plain } from '../../format.js';
import { createPager, pages } from '../../pages.js';
import { excerpt, matches } from './matches.js';
import { createStrip } from './strip.js';

const LIMIT = 20;
const LONG = 600;
const TYPED_AFTER = 300;
const ASKS = ['split', 'find', 'from'];

/**
 * @param {object} app
 * @returns {{node: HTMLElement, show: (state: import('../../state.js').State) => void, leave: () => void}}
 */
export function createDocuments(app) {
  const { t, store } = app;
  let answer = null;
  const controls = createControls(app);
  const pager = createPager(app, { name: t('documents'), limit: LIMIT, onTurn: from => store.change({ from, doc: null }, { push: true }) });
  const list = el('ol', { class: 'documents', 'aria-label': t('documents') });
  const notice = el('p', { class: 'notice', hidden: true });
  const about = el('p', { class: 'note' });
  const files = createFiles(app, 'documents', fileTexts(app, () => answer));
  const browser = el('div', {}, controls.node, pager.node, list, el('div', { class: 'below' }, files));
  const asked = createAsking(app, list, {
    show(found, state) {
      const { from } = pages(found.offset, LIMIT, found.matching);
      if (found.documents.length === 0 && from > 0) return store.change({ from: from - 1 }); // beyond the last page
      answer = found;
      browser.hidden = false;
      tell(notice, found.is_the_runs_own ? '' : t('not_the_runs_own'));
      tell(about, t('source', { source: plain(found.source) }));
      pager.show(found.offset, found.matching, (from, to) => range(app, found, from, to, state));
      list.replaceChildren(...shownDocuments(app, found, state));
    },
    missing(detail) {
      browser.hidden = true;
      tell(notice, detail);
    },
  });
  const show = state => {
    controls.show(state);
    if (!asked.about(state) && answer) reopen(app, list, state);
  };
  const node = el('section', { 'aria-label': t('documents') }, el('h2', {}, t('documents')), notice, about, browser);
  return { node, show, leave: () => (controls.leave(), asked.leave()) };
}

function tell(node, text) {
  node.hidden = text === '';
  node.textContent = text;
}

function range({ t, f }, { matching, total }, from, to, { find }) {
  if (matching === 0) return t('none_found', { total: f.integer(total) });
  const values = { from: f.integer(from), to: f.integer(to), matching: f.integer(matching), total: f.integer(total) };
  return t(find === '' ? 'range' : 'range_matching', values);
}

function createControls({ t, store }) {
  const splits = select(['all', 'train', 'held_out'].map(split => [split, t(`split_${split}`)]), split => store.change({ split, from: 0, doc: null }, { push: true }));
  const write = debounce(() => store.change({ find: search.value, from: 0, doc: null }), TYPED_AFTER);
  const search = el('input', { type: 'search', autocomplete: 'off', spellcheck: 'false', maxlength: 200, oninput: write });
  const node = el('form', { class: 'settings', role: 'search', 'aria-label': t('documents'), onsubmit: event => event.preventDefault() }, field(t, t('split'), t('split_help'), splits), field(t, t('find'), t('find_help'), search));
  const show = ({ split, find }) => {
    splits.value = split;
    if (document.activeElement !== search) search.value = find;
  };
  return { node, show, leave: write.cancel };
}

function createAsking({ api, report, store }, list, { show, missing }) {
  let asked = null;
  let asking = new AbortController();
  const ask = async () => {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    const { split, find, from } = store.get();
    set(list, 'aria-busy', 'true');
    try {
      const found = await api.documents({ split, ...(find !== '' && { q: find }), offset: from, limit: LIMIT }, signal);
      if (signal.aborted) return;
      report(null);
      show(found, store.get());
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status === 404) missing(error.message);
      else report(error, ask);
    } finally {
      if (!signal.aborted) set(list, 'aria-busy', null);
    }
  };
  const about = state => {
    const wanted = JSON.stringify(ASKS.map(name => state[name]));
    const isNew = wanted !== asked;
    asked = wanted;
    if (isNew) ask();
    return isNew;
  };
  return { about, leave: () => asking.abort() };
}

// --- one document

function shownDocuments(app, { documents }, state) {
  if (documents.length === 0) return [el('li', { class: 'empty' }, app.t('no_documents'))];
  return documents.map(document => shownDocument(app, document, state));
}

function shownDocument(app, { index, held_out, text }, { find, doc }) {
  const { t, f, store } = app;
  const isOpen = doc === index;
  const open = button(t('open_tokens'), () => store.change({ doc: store.get().doc === index ? null : index }), { 'aria-expanded': String(isOpen), 'aria-label': `${t('open_tokens')}: ${t('document', { n: f.integer(index + 1) })}` });
  const use = button(t('as_prompt'), () => store.change({ prompt: text, add: [] }, { push: true }), { 'aria-label': `${t('as_prompt')}: ${t('document', { n: f.integer(index + 1) })}` });
  const head = el('div', { class: 'head' }, el('strong', {}, t('document', { n: f.integer(index + 1) })), el('span', { class: held_out ? 'badge held' : 'badge' }, t(held_out ? 'is_held_out' : 'is_train')), open, use);
  const node = el('li', { 'data-index': index }, head, shownText(app, text, find, isOpen));
  if (isOpen) node.append(openTokens(app, text));
  return Object.assign(node, { made: { index, held_out, text } });
}

function shownText({ t, f }, text, find, isOpen) {
  const part = isOpen ? { text } : excerpt(text, find, LONG);
  const words = matches(part.text, find).map(({ text, isMatch }) => (isMatch ? el('mark', {}, plain(text)) : plain(text)));
  const more = part.before || part.after ? [el('span', { class: 'note' }, ` (${t('excerpt', { n: f.integer(Array.from(text).length) })})`)] : [];
  if (text === '') return el('p', { class: 'note' }, t('empty_text'));
  return el('p', {}, el('bdi', {}, part.before ? '… ' : '', ...words, part.after ? ' …' : ''), ...more);
}

function openTokens(app, text) {
  const { t, api, report } = app;
  const strip = createStrip(app, t('tokens_list'));
  const box = el('div', { class: 'opened', 'aria-busy': 'true' }, strip.node);
  const ask = async () => {
    try {
      const { pieces } = await api.tokenize(text);
      if (!box.isConnected) return;
      report(null);
      strip.show(text, pieces);
      set(box, 'aria-busy', null);
    } catch (error) {
      if (box.isConnected) report(error, ask);
    }
  };
  ask();
  return box;
}

/** Opening and closing makes only those anew that it is about; the focus stays on the button. */
function reopen(app, list, state) {
  for (const node of [...list.children]) {
    const isOpen = node.querySelector('.opened') !== null;
    if (!node.made || isOpen === (state.doc === node.made.index)) continue;
    const hadFocus = node.contains(document.activeElement);
    const fresh = shownDocument(app, node.made, state);
    node.replaceWith(fresh);
    if (hadFocus) fresh.querySelector('button').focus();
  }
}

function fileTexts({ meta }, answer) {
  return {
    csv: () => csv([['index', 'held_out', 'text'], ...answer().documents.map(one => [one.index, one.held_out, one.text])]),
    record: () => ({ run: meta.run, fingerprint: meta.fingerprint, ...answer() }),
  };
}
