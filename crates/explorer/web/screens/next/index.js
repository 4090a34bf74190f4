// The screen “Next token”: one row of logits, and what a strategy makes of it.

import { promptOf, stepOf } from '../../asking.js';
import { createContext } from '../../context.js';
import { el } from '../../dom.js';
import { pageKeys } from '../../keys.js';
import { apply, config, greedy, sample } from '../../strategy.js';
import { createFigure } from './figure.js';
import { createSettings } from './settings.js';
import { createStages } from './stages.js';
import * as words from './words.js';

export { words };

const ASKS = ['prompt', 'add', 'step'];

/**
 * @param {HTMLElement} root
 * @param {{meta: object, vocab: object[], t: Function, f: object, store: object, rows: Function, report: Function}} app
 * @returns {{changed: (state: import('../../state.js').State, names: Set<string>) => void, leave: () => void}}
 */
export function mount(root, app) {
  return new NextToken(root, app);
}

class NextToken {
  #app;
  #life = new AbortController();
  #asking = new AbortController();
  #frame = 0;
  #ranked = null; // the row on show
  #context = ''; // its text
  #result = null; // what the strategy made of it
  #current = false; // whether it is the row of the state

  constructor(root, app) {
    this.#app = app;
    const keys = pageKeys({ pick: index => this.#pick(index), undo: () => this.#undo() }, this.#life.signal);
    this.settings = createSettings(app, { ...this.#actions(), keys });
    this.figure = createFigure(app, { onPick: id => this.#append(id), record: () => this.#record() });
    this.stages = createStages(app);
    this.context = createContext(app);
    const parts = [this.settings, this.figure, this.stages, this.context].map(part => part.node);
    root.replaceChildren(el('h1', {}, app.t('next')), el('p', {}, app.t('next_intro')), ...parts);
    this.settings.show(app.store.get());
    this.#ask();
  }

  changed(state, names) {
    this.settings.show(state);
    const isNewer = names.has('checkpoints') && state.step === null;
    if (isNewer || ASKS.some(name => names.has(name))) this.#ask(isNewer || names.has('step'));
    else this.#frame ||= requestAnimationFrame(() => this.#slide());
  }

  leave() {
    this.#life.abort();
    this.#asking.abort();
    cancelAnimationFrame(this.#frame);
    this.figure.leave();
  }

  // --- what one can do

  #actions() {
    const { store } = this.#app;
    return {
      sample: () => this.#result && this.#append(sample(this.#result, store.get().seed, this.#ranked.ids.length)),
      greedy: () => this.#result && this.#append(greedy(this.#result)),
      undo: () => this.#undo(),
      restart: () => this.#add([]),
    };
  }

  #pick(index) {
    const row = this.#result?.rows[index];
    if (row) this.#append(row.id);
  }

  /** Only to the context that the bars are about. */
  #append(id) {
    if (this.#current) this.#add([...this.#app.store.get().add, id]);
  }

  #undo() {
    this.#add(this.#app.store.get().add.slice(0, -1));
  }

  #add(add) {
    this.#app.store.change({ add }, { push: true });
  }

  // --- what the server is asked for

  async #ask(scrubbed = false) {
    const { store, report } = this.#app;
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    this.#current = false;
    this.figure.busy(true);
    try {
      const found = await this.#row(store.get(), signal);
      if (!signal.aborted) this.#show(found, scrubbed);
    } catch (error) {
      if (!signal.aborted) report(error, () => this.#ask());
    } finally {
      if (!signal.aborted) this.figure.busy(false);
    }
  }

  #row(state, signal) {
    const { meta, rows } = this.#app;
    return rows(promptOf(state, meta), state.add, stepOf(state, meta), signal);
  }

  #show(found, scrubbed) {
    const { store, report } = this.#app;
    this.#ranked = found;
    this.#context = this.#text(store.get());
    this.#current = true;
    report(null);
    this.context.show(found, store.get().add.length);
    this.figure.move(scrubbed);
    this.#tick();
  }

  #text(state) {
    const { meta, vocab } = this.#app;
    return [promptOf(state, meta), ...state.add.map(id => vocab[id]?.text ?? `#${id}`)].join(' ');
  }

  // --- what a slider costs

  #slide() {
    this.figure.move(false);
    this.#tick();
  }

  /** The strategy on the row that is here, and attributes. */
  #tick() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (!this.#ranked) return;
    performance.clearMeasures('tick');
    const start = performance.now();
    try {
      this.#draw(this.#app.store.get());
    } catch (error) {
      this.#app.report(error);
    }
    performance.measure('tick', { start, end: performance.now() });
  }

  #draw(state) {
    this.#result = apply(this.#ranked, state, this.#app.meta.never_drawn);
    this.stages.show(this.#result);
    this.figure.draw(this.#result, state, this.#context);
  }

  // --- what the JSON file says

  #record() {
    const { meta, vocab, store } = this.#app;
    const { mode, seed, ...state } = store.get();
    const { left, ...numbers } = this.#result;
    const panel = { preset: 'notebook', temperature: state.t, top_k: state.k, top_p: state.p };
    const rows = numbers.rows.map(row => ({ ...row, token: vocab[row.id]?.text ?? null }));
    const { step, ids } = this.#ranked;
    const strategy = mode === 'whole' ? config(state, meta.never_drawn) : panel;
    return { run: meta.run, fingerprint: meta.fingerprint, step, ids, mode, seed, config: strategy, result: { ...numbers, rows } };
  }
}
