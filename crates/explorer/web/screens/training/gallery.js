// The fixed prompts as the model continues them at each checkpoint, and a way through the checkpoints.

import { createScrubber, createSeed, stepOf } from '../../asking.js';
import { button, help } from '../../controls.js';
import { el, set } from '../../dom.js';
import { plain } from '../../format.js';
import { changes, words } from './changes.js';
import { NEW_TOKENS, STRATEGIES, createSampler, jobs, recall } from './samples.js';

const PLAYED_EVERY = 900;
const CALMLY_EVERY = 2500;

/**
 * @param {object} app
 * @returns {{node: HTMLElement, show: (state: import('../../state.js').State) => void, leave: () => void}}
 */
export function createGallery(app) {
  const { t, meta, report } = app;
  const scrubber = createScrubber(app);
  const seed = createSeed(app);
  const cards = meta.prompts.map(prompt => createCard(app, prompt));
  const refresh = () => cards.forEach(card => card.show(where(app)));
  const sampler = createSampler(app, { done: () => (report(null), refresh()), lost: report });
  const player = createPlayer(app, () => cards.every(card => card.isThere(where(app))));
  const show = state => {
    scrubber.show(state);
    seed.show(state);
    player.show();
    refresh();
    const { steps, index } = where(app);
    sampler.aim(jobs(steps, index, { prompts: meta.prompts, seed: state.seed }));
  };
  const controls = el('form', { class: 'settings', onsubmit: event => event.preventDefault() }, ...scrubber.nodes, ...seed.nodes, player.node);
  const node = el('section', { class: 'gallery', 'aria-label': t('gallery') }, el('h2', {}, t('gallery')), el('p', { class: 'note' }, t('gallery_intro', { n: NEW_TOKENS })), controls, el('div', { class: 'cards' }, ...cards.map(card => card.node)));
  const leave = () => (sampler.leave(), player.leave());
  return { node, show, leave };
}

/** The steps, the place of the one on show, and the seed. */
function where({ meta, store }) {
  const state = store.get();
  const steps = meta.checkpoints.map(({ step }) => step);
  return { steps, index: steps.indexOf(stepOf(state, meta)), seed: state.seed };
}

function createCard(app, prompt) {
  const cells = Object.keys(STRATEGIES).map(strategy => createCell(app, prompt, strategy));
  const node = el('article', { class: 'card' }, el('h3', {}, el('bdi', {}, plain(prompt))), ...cells.map(cell => cell.node));
  return { node, show: at => cells.forEach(cell => cell.show(at)), isThere: at => cells.every(cell => cell.isThere(at)) };
}

function createCell(app, prompt, strategy) {
  const { t, meta } = app;
  const body = el('p', { class: 'sample' });
  const foot = el('p', { class: 'note' });
  const find = ({ steps, seed }, i) => (i >= 0 && i < steps.length ? recall(meta, { step: steps[i], prompt, strategy, seed }) : undefined);
  let shown = '';
  const show = at => {
    const [now, before] = [find(at, at.index), find(at, at.index - 1)];
    const drawn = JSON.stringify([at.steps[at.index], at.seed, now, before]);
    if (drawn !== shown) fill(app, { body, foot }, now, before, at.index);
    shown = drawn;
  };
  const node = el('div', { class: 'cell' }, el('h4', {}, t(`strategy_${strategy}`)), body, foot);
  return { node, show, isThere: at => find(at, at.index) !== undefined };
}

function fill({ t, f, text }, { body, foot }, now, before, index) {
  set(body, 'aria-busy', now ? null : 'true');
  if (!now || now.problem) {
    body.replaceChildren(el('span', { class: 'note' }, now ? t('refused', { detail: now.problem }) : t('writing')));
    return foot.replaceChildren();
  }
  const written = words(text(now.ids));
  const earlier = before?.ids && words(text(before.ids));
  const changed = earlier ? changes(earlier, written) : written.map(() => false);
  const ended = now.reason === 'eos' ? [' ', el('span', { class: 'note' }, t('ended'))] : [];
  body.replaceChildren(...(written.length > 0 ? written.flatMap((word, i) => [' ', shownWord(word, changed[i])]) : [el('span', { class: 'note' }, t('nothing_written'))]), ...ended);
  const n = changed.filter(Boolean).length;
  const told = index === 0 ? t('first_checkpoint') : earlier ? t('words_changed', { n: f.integer(n), all: f.integer(written.length) }) : '';
  foot.replaceChildren(told);
}

/** What is new has a sign and a line beneath. */
function shownWord(word, isNew) {
  return isNew ? el('ins', {}, el('bdi', {}, plain(word))) : el('bdi', {}, plain(word));
}

/** From checkpoint to checkpoint, each once it is there, to the last. */
function createPlayer({ t, meta, store }, isThere) {
  let timer = 0;
  let wants = false;
  const press = button(t('play'), () => (wants ? stop() : start()), { class: 'main' });
  const node = el('div', { class: 'actions' }, press, help(t, t('play'), t('play_help')));
  const label = () => {
    const text = t(wants ? 'pause' : 'play');
    if (press.textContent !== text) press.textContent = text;
  };
  const stop = () => {
    clearTimeout(timer);
    wants = false;
    label();
  };
  const go = i => store.change({ step: i === meta.checkpoints.length - 1 ? null : meta.checkpoints[i].step });
  const index = () => meta.checkpoints.findIndex(({ step }) => step === stepOf(store.get(), meta));
  const tick = () => {
    if (isThere() && index() < meta.checkpoints.length - 1) go(index() + 1);
    if (index() === meta.checkpoints.length - 1 && isThere()) stop();
    else wait();
  };
  const wait = () => (timer = setTimeout(tick, matchMedia('(prefers-reduced-motion: reduce)').matches ? CALMLY_EVERY : PLAYED_EVERY));
  const start = () => {
    wants = true;
    label();
    if (index() === meta.checkpoints.length - 1) go(0);
    wait();
  };
  return { node, show: () => (node.hidden = meta.checkpoints.length < 2), leave: stop };
}
