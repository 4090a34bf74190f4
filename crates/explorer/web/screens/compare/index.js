// The screen “Compare”: prompts by strategies, all with the same seed.

import { stepOf } from '../../asking.js';
import { button, help } from '../../controls.js';
import { el, set } from '../../dom.js';
import { plain } from '../../format.js';
import { firstDifference } from '../../statistics.js';
import { createPieces } from '../../text.js';
import { Cells } from './cells.js';
import { createFigure } from './figure.js';
import { createGrid } from './grid.js';
import { averages, counts } from './numbers.js';
import { createSettings } from './settings.js';
import { columns, promptsOf, read } from './strategies.js';
import * as words from './words.js';

export { words };

const ASKS = ['cp', 'cs', 'cn', 'seed', 'step', 'checkpoints'];
const MOST_PROMPTS = 8;

/**
 * @param {HTMLElement} root
 * @param {object} app
 * @returns {{changed: (state: import('../../state.js').State, names: Set<string>) => void, leave: () => void}}
 */
export function mount(root, app) {
  return new Compare(root, app);
}

class Compare {
  #app;
  #frame = 0;
  #life = new AbortController();
  #cells;

  constructor(root, app) {
    this.#app = app;
    this.#cells = cellsOf(app);
    this.#cells.listen(cell => this.#told(cell));
    const { t } = app;
    this.settings = createSettings(app, { stop: () => this.#cells.stop(), again: () => this.#again() });
    this.grid = createGrid(app, { onPrompt: (i, text) => this.#edit(i, text), onRemove: i => this.#remove(i) });
    this.add = button(t('add_prompt'), () => this.#prompts([...this.#all(), '']));
    this.figure = createFigure(app, { record: () => this.#record() });
    const below = el('div', { class: 'actions' }, this.add, help(t, t('counted'), t('counted_help')));
    document.addEventListener('keydown', ({ key }) => key === 'Escape' && this.#cells.stop(), { signal: this.#life.signal });
    const all = el('div', { class: 'comparison' }, this.settings.node, this.grid.node, below, this.figure.node);
    root.replaceChildren(el('h1', {}, t('compare')), el('p', {}, t('compare_intro')), all);
    this.#ask();
  }

  changed(state, names) {
    if (ASKS.some(name => names.has(name))) this.#ask();
    else this.#later();
  }

  leave() {
    this.#life.abort();
    this.#cells.listen(() => {});
    this.#cells.want([]);
    cancelAnimationFrame(this.#frame);
    this.grid.leave();
    this.figure.leave();
  }

  // --- what one can do

  #all() {
    return promptsOf(this.#app.store.get().cp, this.#app.meta.prompts);
  }

  #edit(index, text) {
    const before = this.#all();
    if (before[index] !== undefined && before[index] !== text) this.#prompts(before.with(index, text));
  }

  #remove(index) {
    this.#prompts(this.#all().filter((_, i) => i !== index));
    this.add.focus();
  }

  #prompts(prompts) {
    const own = JSON.stringify(prompts);
    this.#app.store.change({ cp: own === JSON.stringify(this.#app.meta.prompts) ? null : own }, { push: true });
  }

  #again() {
    this.#app.report(null);
    this.#cells.again();
  }

  // --- what the server is asked for

  #columns() {
    const { cs, cn } = this.#app.store.get();
    return columns(read(cs), cn, this.#app);
  }

  #request(prompt, config) {
    const { store, meta } = this.#app;
    const state = store.get();
    return { prompt, step: stepOf(state, meta), seed: state.seed, config, top_n: 1 };
  }

  #ask() {
    this.#app.report(null);
    const requests = this.#all().filter(prompt => prompt.trim() !== '').flatMap(prompt => this.#columns().map(({ config }) => this.#request(prompt, config)));
    this.figure.say(this.#app.t('said_start'));
    this.#cells.want(requests);
  }

  #told(cell) {
    if (cell?.state === 'failed') this.#app.report(cell.error, () => this.#again());
    if (!this.#cells.busy) this.figure.say(this.#app.t('said_end'));
    this.#later();
  }

  #later() {
    this.#frame ||= requestAnimationFrame(() => this.#show());
  }

  // --- what is on show

  #show() {
    this.#frame = 0;
    const state = this.#app.store.get();
    const all = this.#columns();
    const rows = this.#rows(all, Math.min(state.cr, all.length - 1));
    const entries = rows.flatMap(({ entries }) => entries);
    const left = entries.some(({ cell }) => ['stopped', 'failed'].includes(cell.state));
    this.settings.show(state, { busy: this.#cells.busy, left, names: all.map(({ name }) => name) });
    this.grid.show(rows);
    this.figure.show(entries, all, state, this.#cells.busy);
    set(this.add, 'hidden', rows.length >= MOST_PROMPTS);
  }

  #rows(all, reference) {
    const piece = createPieces(this.#app.meta, this.#app.vocab);
    const ids = ({ tokens }) => tokens.map(({ id }) => id);
    const text = cell => ids(cell).map((id, i) => piece(id, i)).map(({ gap, text }) => gap + text).join('');
    return this.#all().map(prompt => {
      const cells = all.map(({ config }) => this.#cells.get(this.#request(prompt, config)));
      const entry = (cell, i) => ({ prompt: plain(prompt), strategy: all[i].name, name: all[i].name, column: i, cell, text: text(cell), isReference: i === reference, difference: difference(cell, cells[reference], ids) });
      return { prompt, entries: cells.map(entry) };
    });
  }

  // --- what the JSON file says

  #record() {
    const { meta, vocab, store } = this.#app;
    const all = this.#columns();
    const rows = this.#rows(all, Math.min(store.get().cr, all.length - 1));
    const told = ({ cell, difference }, i) => ({ strategy: all[i].name, config: all[i].config, ids: cell.tokens.map(({ id }) => id), texts: cell.tokens.map(({ id }) => vocab[id]?.text ?? null), ended: cell.reason ?? cell.state, first_difference: difference, ...counts(cell) });
    const means = all.map(({ name }, i) => ({ strategy: name, ...averages(rows.map(({ entries }) => entries[i].cell)) }));
    const { seed, step } = this.#request('', {});
    return { run: meta.run, fingerprint: meta.fingerprint, step, seed, reference: all[Math.min(store.get().cr, all.length - 1)].name, prompts: rows.map(({ prompt, entries }) => ({ prompt, texts: entries.map(told) })), means };
  }
}

/** Where a text differs from that of the reference; not while that may still change. */
function difference(cell, reference, ids) {
  if (cell === reference || cell.tokens.length === 0 || reference.state === 'waiting' || reference.tokens.length === 0) return null;
  const at = firstDifference(ids(cell), ids(reference));
  const isOpen = at >= reference.tokens.length ? reference.state !== 'done' : at === cell.tokens.length && cell.state !== 'done';
  return at < 0 || isOpen ? null : at;
}

/** The texts outlive the screen while the run is the same. */
let kept = null;
function cellsOf({ api, meta }) {
  if (kept?.fingerprint !== meta.fingerprint) kept = { fingerprint: meta.fingerprint, cells: new Cells(api.generate) };
  return kept.cells;
}
