// The screen “Next token”: one row of logits, and what a strategy makes of it.

import { createContext } from '../context.js';
import { el } from '../dom.js';
import { createFigure } from '../figure.js';
import { pageKeys } from '../keys.js';
import { createSettings } from '../settings.js';
import { createStages } from '../stages.js';
import { apply, config, greedy, sample } from '../strategy.js';

const ASKS = ['prompt', 'add', 'step'];

/**
 * @param {HTMLElement} root
 * @param {{meta: object, vocab: object[], t: Function, f: object, store: object, rows: Function, report: Function}} app
 * @returns {{changed: (state: import('../state.js').State, names: Set<string>) => void, leave: () => void}}
 */
export function mount(root, app) {
  const { meta, vocab, t, store, rows, report } = app;
  const life = new AbortController();
  let asking = new AbortController();
  let busy = false;
  let ranked = null;
  let result = null;
  let frame = 0;

  const append = id => busy || store.change({ add: [...store.get().add, id] }, { push: true });
  const choose = pick => !busy && result && append(pick());
  const undo = () => store.get().add.length > 0 && store.change({ add: store.get().add.slice(0, -1) }, { push: true });
  const keys = pageKeys({ pick: index => choose(() => result.rows[index]?.id ?? result.rows[0].id), undo }, life.signal);
  const settings = createSettings(app, {
    sample: () => choose(() => sample(result, store.get().seed, ranked.ids.length)),
    greedy: () => choose(() => greedy(result)),
    undo,
    restart: () => store.change({ add: [] }, { push: true }),
    keys,
  });
  const context = createContext(app);
  const figure = createFigure(app, { onPick: append, record });
  const stages = createStages(app);
  root.replaceChildren(el('h1', {}, t('next')), el('p', {}, t('next_intro')), settings.node, figure.node, stages.node, context.node);
  settings.show(store.get());
  ask();
  return { changed, leave };

  function changed(state, names) {
    settings.show(state);
    if (ASKS.some(name => names.has(name))) ask(names.has('step'));
    else frame ||= requestAnimationFrame(tick);
  }

  async function ask(scrubbed = false) {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    wait(true);
    try {
      const { prompt, add, step } = store.get();
      const found = await rows(prompt ?? meta.prompts[0] ?? '', add, step ?? meta.checkpoints.at(-1)?.step, signal);
      if (!signal.aborted) show(found, scrubbed);
    } catch (error) {
      if (!signal.aborted) report(error, ask);
    } finally {
      if (!signal.aborted) wait(false);
    }
  }

  function wait(on) {
    busy = on;
    figure.busy(on);
  }

  function show(found, scrubbed) {
    ranked = found;
    report(null);
    context.show(ranked, store.get().add.length);
    figure.move(scrubbed);
    tick();
  }

  /** What a slider costs: the strategy on the row that is here, and attributes. */
  function tick() {
    cancelAnimationFrame(frame);
    frame = 0;
    if (!ranked) return;
    const state = store.get();
    performance.clearMeasures('tick');
    const start = performance.now();
    try {
      result = apply(ranked, state, meta.never_drawn);
      stages.show(result);
      figure.draw(result, state, told(state));
    } catch (error) {
      report(error);
    }
    performance.measure('tick', { start, end: performance.now() });
  }

  function told({ prompt, add }) {
    return [prompt ?? meta.prompts[0] ?? '', ...add.map(id => vocab[id]?.text ?? `#${id}`)].join(' ');
  }

  function record() {
    const state = store.get();
    const { left, ...numbers } = result;
    const strategy = state.mode === 'whole' ? config(state, meta.never_drawn) : { preset: 'notebook', temperature: state.t, top_k: state.k, top_p: state.p };
    return {
      run: meta.run, fingerprint: meta.fingerprint, step: ranked.step, ids: ranked.ids, mode: state.mode, config: strategy, seed: state.seed,
      result: { ...numbers, rows: numbers.rows.map(row => ({ ...row, token: vocab[row.id]?.text ?? null })) },
    };
  }

  function leave() {
    life.abort();
    asking.abort();
    cancelAnimationFrame(frame);
    figure.leave();
  }
}
