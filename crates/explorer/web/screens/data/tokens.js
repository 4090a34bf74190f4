// One's own text as the model reads it, while one types.

import { promptOf } from '../../asking.js';
import { help, unique } from '../../controls.js';
import { debounce, el, say, set, words } from '../../dom.js';
import { csv } from '../../export.js';
import { createFiles } from '../../files.js';
import { counts, parts } from './pieces.js';
import { stripPicture } from './strip-picture.js';
import { createStrip } from './strip.js';

const TYPED_AFTER = 150;
const LONGEST = 20_000;
const FACTS = ['characters', 'words', 'tokens', 'unknown', 'per_word', 'window'];

/**
 * @param {object} app
 * @returns {{node: HTMLElement, show: (state: import('../../state.js').State) => void, leave: () => void}}
 */
export function createTokens(app) {
  const { t, store, meta } = app;
  const strip = createStrip(app, t('tokens_list'));
  const facts = createFacts(app);
  let shown = null; // {text, pieces}
  const asked = createAsking(app, (text, pieces) => {
    shown = { text, pieces };
    strip.show(text, pieces);
    facts.show(counts(text, pieces, meta));
    set(box, 'aria-busy', null);
  });
  const write = debounce(() => store.change({ prompt: area.value, add: [] }), TYPED_AFTER);
  const area = el('textarea', { id: unique('text'), rows: 3, maxlength: LONGEST, spellcheck: 'false', oninput: write });
  const box = el('div', {}, facts.node, strip.node);
  const files = createTokenFiles(app, () => shown);
  const show = state => {
    const text = promptOf(state, meta);
    if (document.activeElement !== area && area.value !== text) area.value = text;
    if (asked.about(text)) set(box, 'aria-busy', 'true');
  };
  const label = el('div', { class: 'labelled' }, el('label', { for: area.id }, t('text')), help(t, t('text'), t('tokens_help')));
  const node = el('section', { class: 'own-text', 'aria-label': t('tokens_title') }, el('h2', {}, t('tokens_title')), label, area, box, files);
  return { node, show, leave: () => (write.cancel(), asked.leave()) };
}

/** Asks for the pieces of a text, once; an older answer never comes after a newer. */
function createAsking({ api, report }, show) {
  let asked = null;
  let asking = new AbortController();
  const ask = async text => {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    try {
      const { pieces } = await api.tokenize(text, signal);
      if (signal.aborted) return;
      report(null);
      show(text, pieces);
    } catch (error) {
      if (!signal.aborted) report(error, () => ask(text));
    }
  };
  const about = text => {
    const isNew = text !== asked;
    asked = text;
    if (isNew) ask(text);
    return isNew;
  };
  return { about, leave: () => asking.abort() };
}

function createFacts({ t, f, meta }) {
  const cells = new Map(FACTS.map(name => [name, words('–')]));
  const node = el('dl', { class: 'facts' }, ...FACTS.map(name => el('div', {}, el('dt', {}, t(`count_${name}`)), el('dd', {}, cells.get(name)))));
  const show = told => {
    const { integer: n } = f;
    const texts = {
      characters: n(told.characters),
      words: n(told.words),
      tokens: told.frames > 0 ? t('with_frames', { n: n(told.tokens), frames: n(told.frames) }) : n(told.tokens),
      unknown: told.share === null ? n(told.unknown) : t('with_share', { n: n(told.unknown), share: f.percent(told.share) }),
      per_word: told.perWord === null ? '–' : f.fixed(told.perWord, 2),
      window: told.cut > 0 ? t('window_cuts', { n: n(told.cut), window: n(meta.window) }) : t('window_holds', { window: n(meta.window) }),
    };
    FACTS.forEach(name => say(cells.get(name), texts[name]));
  };
  return { node, show };
}

function createTokenFiles(app, shown) {
  const { vocab, meta } = app;
  const lines = () => parts(shown().text, shown().pieces).filter(part => part.piece);
  const record = () => ({ run: meta.run, fingerprint: meta.fingerprint, text: shown().text, tokens: lines().map(({ piece, text, frames }) => ({ ...piece, token: vocab[piece.id]?.text ?? null, text, unknown: piece.id === meta.unknown, frames })) });
  const table = () => csv([['id', 'token', 'start', 'end', 'text', 'unknown', 'frames'], ...record().tokens.map(one => [one.id, one.token, one.start, one.end, one.text, one.unknown, one.frames])]);
  const place = el('div', { class: 'unseen', 'aria-hidden': 'true' }); // a picture's styles are only known in the page
  const chart = () => {
    const picture = stripPicture(app, shown().text, shown().pieces);
    place.replaceChildren(picture);
    return picture;
  };
  return el('div', { class: 'below' }, createFiles(app, 'tokens', { chart, csv: table, record }), place);
}
