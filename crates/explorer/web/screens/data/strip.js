// The tokens of a text in their order, each above what it stands for.

import { el, set } from '../../dom.js';
import { plain, visible } from '../../format.js';
import { parts } from './pieces.js';

/**
 * @param {{t: Function, meta: object, vocab: object[]}} app
 * @param {string} name of the list, for who listens
 * @returns {{node: HTMLElement, show: (text: string, pieces: import('./pieces.js').Piece[]) => void}}
 */
export function createStrip(app, name) {
  const node = el('ol', { class: 'strip', 'aria-label': name });
  return { node, show: (text, pieces) => node.replaceChildren(...chips(app, text, pieces)) };
}

function chips(app, text, pieces) {
  const cut = pieces.length - app.meta.window;
  return parts(text, pieces).flatMap(part => {
    const chip = part.piece ? token(app, part, cut) : gap(part);
    return part.at === cut && cut > 0 ? [edge(app), chip] : [chip];
  });
}

/** What no token stands for is shown where it stands, and is no token. */
function gap({ text }) {
  return el('li', { class: 'gap' }, el('bdi', {}, visible(text)));
}

/** Where the model begins to read. */
function edge({ t }) {
  return el('li', { class: 'edge' }, t('window_starts'));
}

function token({ t, meta, vocab }, part, cut) {
  const { id } = part.piece;
  const isUnknown = id === meta.unknown;
  const lines = [el('bdi', { class: 'text' }, visible(vocab[id]?.text ?? '')), el('span', { class: 'id' }, String(id))];
  if (isUnknown && !part.frames) lines.push(el('span', { class: 'why' }, t('unknown'), ' ', el('bdi', {}, plain(part.text))));
  if (part.frames) lines.push(el('span', { class: 'why' }, t('frame')));
  if (part.at < cut) lines.push(el('span', { class: 'unseen' }, t('not_read')));
  const kinds = [isUnknown && 'unknown', part.frames && 'frame', part.at < cut && 'cut'].filter(Boolean).join(' ');
  const node = el('li', {}, ...lines);
  set(node, 'class', kinds || null);
  return node;
}
