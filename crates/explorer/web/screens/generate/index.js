// The screen “Generate”: a text as it comes, what each token was chosen from, and all the ways that were taken.

import { promptOf, stepOf } from '../../asking.js';
import { el, set } from '../../dom.js';
import { generation } from '../../strategy.js';
import { createChoices } from './choices.js';
import { createFigure } from './figure.js';
import { createOutline } from './outline.js';
import { sessionOf } from './session.js';
import { createSettings, strategyOf } from './settings.js';
import { endText } from './telling.js';
import { find, path, sequence } from './tree.js';
import * as words from './words.js';

export { words };

/**
 * @param {HTMLElement} root
 * @param {object} app
 * @returns {{changed: (state: import('../../state.js').State, names: Set<string>) => void, leave: () => void}}
 */
export function mount(root, app) {
  return new Generate(root, app);
}

class Generate {
  #app;
  #session;
  #life = new AbortController();
  #frame = 0;
  #chosen = null; // which generated token is looked into
  #said = ''; // what was told last of the one that grows

  constructor(root, app) {
    this.#app = app;
    this.#session = sessionOf(app);
    this.#session.listen((what, error) => this.#told(what, error));
    this.settings = createSettings(app, { generate: () => this.#generate(), stop: () => this.#session.stop(), goOn: () => this.#goOn() });
    this.figure = createFigure(app, { onPick: index => this.#pick(index), record: () => this.#record() });
    this.choices = createChoices(app, { onChoose: choice => this.#branch(choice), onClose: () => this.#close() });
    this.outline = createOutline(app, this.#deeds());
    this.empty = el('p', { class: 'empty' }, app.t('empty'));
    const text = el('div', { class: 'text-side' }, this.empty, this.figure.node, this.choices.node);
    text.addEventListener('keydown', event => this.#digit(event));
    document.addEventListener('keydown', event => this.#escape(event), { signal: this.#life.signal });
    const sides = el('div', { class: 'sides' }, text, this.outline.node);
    root.replaceChildren(el('h1', {}, app.t('generate')), el('p', {}, app.t('generate_intro')), this.settings.node, sides);
    this.#showAll();
  }

  changed(state, names) {
    if (names.has('branch')) this.#chosen = null;
    this.#showAll();
  }

  leave() {
    this.#life.abort();
    this.#session.listen(null);
    cancelAnimationFrame(this.#frame);
    this.figure.leave();
  }

  // --- what one can do

  #recipe() {
    const { store, meta } = this.#app;
    const state = store.get();
    return { step: stepOf(state, meta), seed: state.seed, config: generation(strategyOf(state), meta, state.gn) };
  }

  #generate() {
    const { store, meta } = this.#app;
    this.#begin(this.#session.generate(promptOf(store.get(), meta), this.#recipe()), null);
  }

  #goOn() {
    this.#begin(this.#session.goOn(this.#shown().id, this.#recipe()), null);
  }

  #branch(choice) {
    const at = this.#chosen;
    this.#begin(this.#session.branch(this.#shown().id, at, choice, this.#recipe()), at);
    this.figure.focus(at);
  }

  #begin(id, chosen) {
    this.#app.report(null);
    this.#show(id);
    this.#chosen = chosen;
    this.figure.say(this.#app.t('said_start'));
    this.#showAll();
  }

  #show(id) {
    this.#app.store.change({ branch: id }, { push: true });
  }

  #pick(index) {
    this.#chosen = index;
    this.#showAll();
  }

  #close() {
    const at = this.#chosen;
    this.#chosen = null;
    this.#showAll();
    this.figure.focus(at);
  }

  #deeds() {
    const session = this.#session;
    const remove = id => {
      const { parent } = find(session.forest, id) ?? {};
      session.remove(id);
      if (!find(session.forest, this.#app.store.get().branch)) this.#show(parent ?? null);
      this.figure.say(this.#app.t('said_removed'));
    };
    return { onShow: id => this.#show(id), onRemove: remove, onClear: () => (session.clear(), this.figure.say(this.#app.t('said_removed'))), onUndo: () => session.undo() };
  }

  /** Digits choose while one looks into a token. */
  #digit({ key, target, ctrlKey, metaKey, altKey }) {
    const isElsewhere = target.closest('input, select') || ctrlKey || metaKey || altKey;
    if (this.#chosen !== null && !isElsewhere && /^[1-9]$/.test(key)) this.choices.pick(Number(key) - 1);
  }

  /** Stops what grows, or else closes what is open. */
  #escape({ key }) {
    if (key !== 'Escape') return;
    if (this.#session.growing) this.#session.stop();
    else if (this.#chosen !== null) this.#close();
  }

  // --- what is on show

  #told(what, error) {
    if (error) this.#app.report(error, () => this.#app.report(null));
    if (what === 'changed') this.#sayEnd();
    if (what === 'changed') this.#showAll();
    else this.#frame ||= requestAnimationFrame(() => this.#showText());
  }

  #sayEnd() {
    const branch = this.#shown();
    const { t, f } = this.#app;
    if (!branch?.end) return;
    const n = path(this.#session.forest, branch.id).length;
    const said = t('said_end', { n: f.integer(n), end: endText(branch, t) }, n);
    if (said !== this.#said) this.figure.say((this.#said = said));
  }

  /** The branch that the address names, or else the newest. */
  #shown() {
    const { forest } = this.#session;
    return find(forest, this.#app.store.get().branch) ?? forest.at(-1) ?? null;
  }

  #showAll() {
    this.#showText();
    this.outline.show(this.#session, this.#shown()?.id ?? null);
  }

  #showText() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const branch = this.#shown();
    const state = this.#app.store.get();
    const tokens = path(this.#session.forest, branch?.id ?? null);
    const chosen = tokens[this.#chosen] ? this.#chosen : null;
    const isOpen = Boolean(branch?.end) && branch.end.reason !== 'eos';
    this.settings.show(state, { growing: this.#session.growing !== null, open: isOpen });
    set(this.empty, 'hidden', branch !== null);
    this.figure.show({ branch, tokens, chosen, state });
    this.choices.show(chosen === null ? null : { index: chosen, token: tokens[chosen].token });
  }

  // --- what the JSON file says

  #record() {
    const { meta, vocab } = this.#app;
    const { forest } = this.#session;
    const text = id => vocab[id]?.text ?? null;
    const named = made => ({ ...made, token: text(made.id), top: made.top.map(choice => ({ ...choice, token: text(choice.id) })) });
    const branches = forest.map(branch => ({ ...branch, sequence: sequence(forest, branch.id), tokens: branch.tokens.map(named) }));
    return { run: meta.run, fingerprint: meta.fingerprint, shown: this.#shown()?.id ?? null, branches };
  }
}
