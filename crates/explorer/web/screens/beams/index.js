// The screen “Beams”: the tree of a beam search, and what its length penalty prefers.

import { contextOf, stepOf } from '../../asking.js';
import { createContext } from '../../context.js';
import { debounce, el } from '../../dom.js';
import { createFigure } from './figure.js';
import { createHypotheses } from './list.js';
import { exact, rerank } from './ranking.js';
import { search } from './request.js';
import { createSettings } from './settings.js';
import { telling } from './telling.js';
import { grow } from './tree.js';
import * as words from './words.js';

export { words };

const ASKS = ['prompt', 'add', 'step', 'nb', 'nt', 'lp', 'es', 'bg', 'dp', 'bs', 'bt', 'seed'];
const AFTER = 150;

/** @param {HTMLElement} root @param {object} app */
export function mount(root, app) {
  return new Beams(root, app);
}

class Beams {
  #app;
  #asking = new AbortController();
  #later = debounce(() => this.#ask(), AFTER);
  #found = null; // the search on show: its penalty, its answer, its tree
  #ended = []; // what ended in it, best first

  constructor(root, app) {
    this.#app = app;
    this.tell = telling(app);
    this.settings = createSettings(app);
    this.figure = createFigure(app, this.tell, () => this.#record());
    this.list = createHypotheses(app, this.tell, node => this.figure.focus(node));
    this.context = createContext(app);
    this.result = el('div', { hidden: true }, this.figure.node, this.list.node, this.context.node);
    this.loading = el('p', { class: 'note' }, app.t('loading'));
    root.replaceChildren(el('h1', {}, app.t('beams')), el('p', {}, app.t('beams_intro')), this.settings.node, this.loading, this.result);
    this.settings.show(app.store.get());
    this.#ask();
  }

  changed(state, names) {
    this.settings.show(state);
    const isNewer = names.has('checkpoints') && state.step === null;
    if (isNewer || ASKS.some(name => names.has(name))) this.#soon();
    this.#draw();
  }

  leave() {
    this.#later.cancel();
    this.#asking.abort();
    this.figure.leave();
  }

  /** What is under way is for settings that are no more. */
  #soon() {
    this.#asking.abort();
    this.figure.busy(true);
    this.#later();
  }

  async #ask() {
    const { api, meta, store, report } = this.#app;
    const state = store.get();
    this.#asking.abort();
    const { signal } = (this.#asking = new AbortController());
    this.figure.busy(true);
    try {
      const context = await contextOf(state, this.#app, signal);
      const asked = search(state, meta);
      const answer = await api.beams({ ...context, step: stepOf(state, meta), ...asked }, signal);
      if (!signal.aborted) this.#show(answer, asked, state);
    } catch (error) {
      if (!signal.aborted) report(error, () => this.#ask());
    } finally {
      if (!signal.aborted) this.#rest();
    }
  }

  #rest() {
    this.loading.hidden = true;
    this.figure.busy(false);
  }

  #show(answer, asked, { nt, lp }) {
    const { meta, store, report } = this.#app;
    const nodes = grow(answer.steps, { ends: meta.end_of_text ?? [], most: nt });
    this.#found = { answer, asked, nodes, penalty: lp };
    report(null);
    this.result.hidden = false;
    this.context.show(answer, store.get().add.length);
    this.#draw();
  }

  /** The tree that is here, ranked by the penalty of the moment. */
  #draw() {
    if (!this.#found) return;
    const { t, f, store } = this.#app;
    const state = store.get();
    const { answer, nodes, penalty } = this.#found;
    const isExact = penalty === state.lp;
    this.#ended = isExact ? exact(nodes, penalty, answer.hypotheses) : rerank(nodes, state.lp);
    const best = this.#ended[0];
    const told = t(isExact ? 'exact' : 'reranked', { searched: f.fixed(penalty, 1), penalty: f.fixed(state.lp, 1) });
    this.list.show(this.#ended, told);
    this.figure.draw(nodes, best?.node, state);
    this.figure.say(best ? t('said', { told, text: this.tell.whole(best.node) || '∅', score: this.tell.nats(best.score) }) : told);
  }

  #record() {
    const { meta, store } = this.#app;
    const { answer, asked, penalty } = this.#found;
    const { lp } = store.get();
    const ranked = this.#ended.map(({ tokens, logprob, length, score, kept }) => ({ tokens, logprob, length, score, kept }));
    return { run: meta.run, fingerprint: meta.fingerprint, ...asked, ...answer, length_penalty: lp, exact: lp === penalty, ranked };
  }
}
