// How the run stands: how far it is, how fast, how good, and what it cannot be better than.

import { el, say, set, words } from '../../dom.js';
import { best, impossible, pace, perplexity, timeLeft } from './curves.js';
import { duration } from './time.js';

const FACTS = ['state', 'progress', 'speed', 'left', 'best', 'perplexity', 'floor'];

/**
 * @param {{t: Function, f: object}} app
 * @returns {{node: HTMLElement, show: (answer: object) => void}}
 */
export function createSummary({ t, f }) {
  const cells = FACTS.map(name => ({ name, text: words('–'), small: words() }));
  const bar = el('progress', { 'aria-label': t('fact_progress') });
  const cell = ({ name, text, small }) => el('div', { class: `fact-${name}` }, el('dt', {}, t(`fact_${name}`)), el('dd', {}, text, ...(name === 'progress' ? [bar] : []), el('small', {}, small)));
  const nodes = new Map(cells.map(one => [one.name, cell(one)]));
  const warning = el('p', { class: 'notice warning', hidden: true });
  const fault = el('p', { class: 'notice', hidden: true });
  const node = el('section', { 'aria-label': t('summary') }, el('dl', { class: 'facts summary' }, ...nodes.values()), warning, fault);
  const show = answer => {
    const told = facts(answer, t, f);
    for (const { name, text, small } of cells) {
      nodes.get(name).hidden = !told[name];
      say(text, told[name]?.[0] ?? '');
      say(small, told[name]?.[1] ?? '');
    }
    set(node, 'data-state', answer.state);
    fill(bar, answer);
    tell(warning, cheats(answer, t, f));
    tell(fault, answer.fault ? t('fault', { detail: answer.fault }) : '');
  };
  return { node, show };
}

function fill(bar, { series, steps }) {
  const done = series.step.at(-1) ?? 0;
  bar.hidden = steps == null;
  set(bar, 'max', steps || 1);
  set(bar, 'value', Math.min(done, steps ?? 0));
}

function tell(node, text) {
  node.hidden = text === '';
  if (node.textContent !== text) node.textContent = text;
}

/** @returns {Record<string, [string, string?] | null>} a value and a small line each; what is null is not shown */
function facts({ state, steps, series, evals, floor }, t, f) {
  const done = series.step.at(-1) ?? 0;
  const rate = pace(series);
  const left = state === 'running' ? timeLeft(series, steps) : null;
  const top = best(evals);
  const total = series.seconds.at(-1);
  return {
    state: [t(`state_${state}`), total == null ? '' : t('after', { time: duration(total, f) })],
    progress: [steps == null ? t('step_n', { step: f.integer(done) }) : t('step_of', { step: f.integer(done), steps: f.integer(steps) })],
    speed: rate && [t('per_second', { n: f.short(rate.tokens) }), t('steps_per_second', { n: f.short(rate.steps) })],
    left: left === null ? null : [t('about', { time: duration(left, f) }), t('estimate')],
    best: top && [f.fixed(top.val_loss, 4), t('at_step', { step: f.integer(top.step) })],
    perplexity: top && [f.perplexity(perplexity(top.val_loss)), t('perplexity_is')],
    floor: floor && [t('plus_minus', { value: f.fixed(floor.nats, 4), error: f.fixed(floor.standard_error, 4) }), t('floor_perplexity', { n: f.perplexity(perplexity(floor.nats)) })],
  };
}

function cheats({ evals, floor }, t, f) {
  const found = impossible(evals, floor);
  if (found.length === 0) return '';
  return t('impossible', { n: f.integer(found.length), step: f.integer(found[0].step) }, found.length);
}
