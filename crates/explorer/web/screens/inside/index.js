// The screen “Inside”: where a model looks, what its layers would say, and whether it reads what comes after.

import { contextOf, createPrompt, createScrubber, stepOf } from '../../asking.js';
import { createContext } from '../../context.js';
import { el } from '../../dom.js';
import { createAttention } from './attention.js';
import { heads } from './heads.js';
import { createLens } from './lens_figure.js';
import { createMaps } from './maps.js';
import { createProbe } from './probe_figure.js';
import { createTracks } from './tracks.js';
import * as words from './words.js';

export { words };

const ASKS = ['prompt', 'add', 'step'];
const TOP_N = 10;

/** @param {HTMLElement} root @param {object} app */
export function mount(root, app) {
  return new Inside(root, app);
}

class Inside {
  #app;
  #asking = new AbortController();
  #probing = new AbortController();
  #request = null; // the text and the step that all is asked of
  #layers = new Map(); // what attention is here, by layer
  #loading = false;
  #seen = false; // whether the small maps have come into sight
  #lens = null;
  #probe = null;

  constructor(root, app) {
    this.#app = app;
    const { t, store } = app;
    const record = answer => ({ run: app.meta.run, fingerprint: app.meta.fingerprint, step: answer.step, ids: answer.ids, cut: answer.cut });
    const parts = [createPrompt(app), createScrubber(app)];
    this.settings = { node: el('form', { class: 'settings', onsubmit: event => event.preventDefault() }, ...parts.flatMap(part => part.nodes)), show: state => parts.forEach(part => part.show(state)) };
    this.context = createContext(app);
    this.maps = createMaps(app, () => ((this.#seen = true), this.#load()));
    this.attention = createAttention(app, record);
    this.lens = createLens(app, record);
    this.tracks = createTracks(app, record);
    this.probe = createProbe(app, record);
    this.future = el('p', { class: 'verdict' });
    const section = (name, ...nodes) => el('section', { class: 'inside', 'aria-label': t(name), hidden: true }, el('h2', {}, t(name)), el('p', {}, t(`${name}_intro`)), ...nodes);
    this.sections = [
      section('attention', this.maps.node, this.future, this.attention.node, el('p', { class: 'note' }, t('caveat'))),
      section('lens', this.lens.node, this.tracks.node),
      section('probe', this.probe.node),
    ];
    this.loading = el('p', { class: 'note' }, t('loading'));
    this.context.node.hidden = true;
    root.replaceChildren(el('h1', {}, t('inside')), el('p', {}, t('inside_intro')), this.settings.node, this.loading, this.context.node, ...this.sections);
    this.#show(store.get());
    this.#ask();
  }

  changed(state, names) {
    this.#show(state);
    const isNewer = names.has('checkpoints') && state.step === null;
    if (isNewer || ASKS.some(name => names.has(name))) this.#ask();
    else if (names.has('rp')) this.#try(() => this.#askProbe());
    else if (names.has('la')) this.#load();
    this.#draw();
  }

  leave() {
    this.#asking.abort();
    this.#probing.abort();
    [this.maps, this.attention, this.lens, this.tracks, this.probe].forEach(part => part.leave());
  }

  #show(state) {
    this.settings.show(state);
    this.maps.show(state);
    this.probe.show(state);
  }

  // --- what the server is asked for

  async #ask() {
    const { store, meta } = this.#app;
    const state = store.get();
    this.#asking.abort();
    const { signal } = (this.#asking = new AbortController());
    this.#request = null;
    this.#layers.clear();
    this.maps.clear();
    this.#busy(true);
    await this.#try(async () => {
      const request = { ...(await contextOf(state, this.#app, signal)), step: stepOf(state, meta) };
      if (signal.aborted) return;
      this.#request = request;
      await Promise.all([this.#loadLayer(layerOf(store.get(), meta), signal), this.#askLens(signal), this.#askProbe()]);
      this.#load();
    }, signal);
    if (!signal.aborted) this.#busy(false);
    this.loading.hidden = true;
  }

  async #try(asking, signal = this.#asking.signal) {
    try {
      await asking();
      if (!signal.aborted) this.#app.report(null);
    } catch (error) {
      if (!signal.aborted) this.#app.report(error, () => this.#ask());
    }
  }

  async #askLens(signal) {
    const answer = await this.#app.api.lens({ ...this.#request, top_n: TOP_N }, signal);
    if (signal.aborted) return;
    this.#lens = answer;
    this.context.node.hidden = false;
    this.context.show(answer, this.#app.store.get().add.length);
    this.#draw();
  }

  async #askProbe() {
    if (!this.#request) return;
    this.#probing.abort();
    const { signal } = (this.#probing = new AbortController());
    const { rp } = this.#app.store.get();
    this.probe.busy(true);
    try {
      const answer = await this.#app.api.probe({ ...this.#request, ...(rp !== null && { token: rp }) }, signal);
      if (signal.aborted) return;
      this.#probe = answer;
      this.#draw();
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      if (!signal.aborted) this.probe.busy(false);
    }
  }

  /** The layer that is chosen, then, where they are in sight, the others, one after the other. */
  async #load() {
    if (this.#loading || !this.#request) return;
    this.#loading = true;
    const { signal } = this.#asking;
    await this.#try(async () => {
      for (let layer = this.#missing(); layer !== undefined && !signal.aborted; layer = this.#missing()) await this.#loadLayer(layer, signal);
    }, signal);
    this.#loading = false;
    if (signal.aborted) this.#load();
  }

  #missing() {
    const { store, meta } = this.#app;
    const chosen = layerOf(store.get(), meta);
    const wanted = this.#seen ? [chosen, ...Array(meta.layers).keys()] : [chosen];
    return wanted.find(layer => !this.#layers.has(layer));
  }

  async #loadLayer(layer, signal) {
    const answer = await this.#app.api.attention({ ...this.#request, layer }, signal);
    if (signal.aborted) return;
    this.#layers.set(layer, answer);
    this.maps.add(answer);
    this.#draw();
  }

  // --- what is shown

  #busy(on) {
    [this.attention, this.lens, this.tracks].forEach(part => part.busy(on));
  }

  #draw() {
    const { store, meta, t } = this.#app;
    const state = store.get();
    const layer = this.#layers.get(layerOf(state, meta));
    if (layer) {
      this.attention.draw(layer, state);
      const all = heads(layer);
      this.future.textContent = t(all[Math.min(state.he, all.length - 1)].future ? 'reads_the_future' : 'reads_the_past');
    }
    if (this.#lens) [this.lens, this.tracks].forEach(part => part.draw(this.#lens, state));
    if (this.#probe) this.probe.draw(this.#probe, state);
    [layer, this.#lens, this.#probe].forEach((answer, i) => answer && (this.sections[i].hidden = false));
  }
}

/** The layer that the state means: the last where there are fewer. */
function layerOf({ la }, { layers }) {
  return Math.min(la, layers - 1);
}
