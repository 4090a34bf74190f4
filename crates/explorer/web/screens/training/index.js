// The screen “Training”: how the run went or goes, and what the model wrote at each checkpoint.

import { Problem } from '../../api.js';
import { stepOf } from '../../asking.js';
import { el } from '../../dom.js';
import { createCheckpoints } from './checkpoints.js';
import { createFigure } from './figure.js';
import { createGallery } from './gallery.js';
import { follow } from './live.js';
import { createSummary } from './summary.js';
import * as words from './words.js';

export { words };

const POINTS = 1000;

/**
 * @param {HTMLElement} root
 * @param {object} app
 * @returns {{changed: (state: import('../../state.js').State, names: Set<string>) => void, leave: () => void}}
 */
export function mount(root, app) {
  const { t, api, meta, store, report } = app;
  const chosen = () => stepOf(store.get(), meta);
  const summary = createSummary(app);
  const figure = createFigure(app, { chosen, onCheckpoint: step => store.change({ step: step === meta.checkpoints.at(-1)?.step ? null : step }) });
  const gallery = createGallery(app);
  const checkpoints = createCheckpoints(app);
  const curves = el('div', { hidden: true }, summary.node, figure.node);
  const told = el('p', { class: 'notice', role: 'status' }, t('loading'));
  root.replaceChildren(el('h1', {}, t('training')), el('p', {}, t('training_intro')), told, curves, gallery.node, checkpoints.node);
  const shown = state => [figure, gallery, checkpoints].forEach(part => part.show(state));
  shown(store.get());
  const live = follow({
    ask: signal => api.training(POINTS, signal),
    isLive: ({ state }) => state === 'running',
    show(answer) {
      report(null);
      told.hidden = answer.series.step.length > 0;
      told.textContent = told.hidden ? '' : t('no_points');
      curves.hidden = !told.hidden;
      summary.show(answer);
      figure.draw(answer, store.get());
      if (grew(meta, answer)) shown(store.get());
    },
    fail(error, again) {
      if (!(error instanceof Problem && error.status === 404)) return report(error, again);
      told.textContent = error.message;
    },
  });
  const leave = () => [live, gallery, figure].forEach(part => part.leave());
  return { changed: shown, leave };
}

/** What this screen learns of the run the page knows, too; says whether there are more checkpoints. */
function grew(meta, { state, steps, checkpoints }) {
  const more = checkpoints.length !== meta.checkpoints.length;
  Object.assign(meta, { state, steps, checkpoints });
  return more;
}
