// The screen “Data and tokens”: the texts, how they become tokens, and which tokens there are.

import { el } from '../../dom.js';
import { createDocuments } from './documents.js';
import { createTokens } from './tokens.js';
import { createVocabulary } from './vocabulary.js';
import * as words from './words.js';

export { words };

/**
 * @param {HTMLElement} root
 * @param {object} app
 * @returns {{changed: (state: import('../../state.js').State) => void, leave: () => void}}
 */
export function mount(root, app) {
  const { t, store } = app;
  const parts = [createTokens(app), createDocuments(app), createVocabulary(app)];
  root.replaceChildren(el('h1', {}, t('data')), el('p', {}, t('data_intro')), ...parts.map(part => part.node));
  const changed = state => parts.forEach(part => part.show(state));
  changed(store.get());
  return { changed, leave: () => parts.forEach(part => part.leave()) };
}
