// What the curves look like: places and paths in the picture's own units, no elements.

import { along, measured, perplexity, speeds } from './curves.js';
import { band, diamonds, line, strokes, triangles } from './path.js';
import { domain, placed, scale, ticks, timeTicks } from './scale.js';
import { duration, tick as timeTick } from './time.js';

export const [WIDTH, HEIGHT] = [880, 764];
export const PLOT = { left: 66, right: 812 };
/** Where each panel lies, from the top down. */
export const PANELS = { loss: [64, 356], lr: [440, 512], grad_norm: [552, 624], speed: [664, 722] };
/** The strip under the loss in which the checkpoints stand. */
export const STRIP = { top: 358, height: 12 };
const APART = 15; // between two marks of the right axis

/** @typedef {{at: number, text: string}} Mark */
/** @typedef {{marks: Mark[], right: Mark[], paths: Record<string, string>, dots: (number | null)[][]}} Panel */
/** @typedef {{xs: (number | null)[], marks: Mark[], panels: Record<string, Panel>, strip: Record<string, string>,
 *             checkpoints: (number | null)[], floor: number | null, leftOut: number}} Picture */

/**
 * @param {object} answer the server's, see docs/api.md
 * @param {{x: 'step' | 'tokens' | 'seconds', logx: boolean, logy: boolean, chosen: number}} view chosen: the step on show
 * @param {ReturnType<import('../../format.js').formats>} f
 * @returns {Picture}
 */
export function picture({ series, evals, floor, checkpoints }, { x, logx, logy, chosen }, f) {
  const values = series[x];
  const place = step => (x === 'step' ? step : along(step, series.step, values));
  const across = domain([...values, ...evals.map(one => place(one.step))], { log: logx });
  const toX = scale(across, PLOT.left, PLOT.right);
  const xs = values.map(toX);
  const held = evals.map(one => toX(place(one.step)));
  const panels = {
    loss: lossPanel(series, { xs, held, evals, floor, logy }, f),
    lr: panel('lr', xs, series.lr, logy, f),
    grad_norm: panel('grad_norm', xs, series.grad_norm, logy, f),
    speed: panel('speed', xs, speeds(series), logy, f, true),
  };
  const stands = checkpoints.map(({ step }) => toX(place(step)));
  const one = checkpoints.map(({ step }, i) => (step === chosen ? stands[i] : null));
  const strip = { ticks: strokes(stands, STRIP.top, STRIP.height - 3), chosen: triangles(one, one.map(() => STRIP.top)) };
  return { xs, marks: xMarks(across, toX, x, f), panels, strip, checkpoints: stands, floor: panels.loss.floor, leftOut: leftOut(series, logy) };
}

function xMarks(across, toX, x, f) {
  const values = x === 'seconds' ? timeTicks(across, 7) : ticks(across, 7);
  const name = x === 'seconds' ? value => timeTick(value, f) : x === 'tokens' ? value => f.short(value) : value => (Number.isInteger(value) ? f.integer(value) : null);
  return values.map(value => ({ at: toX(value), text: name(value) })).filter(mark => mark.text !== null);
}

/** Values that are all of one sort. `gaps`: what is missing is no fault but was not measured. */
function panel(name, xs, values, log, f, gaps = false) {
  const [top, bottom] = PANELS[name];
  const axis = domain(values, { log, room: 0.08 });
  const toY = scale(axis, bottom, top);
  const ys = values.map(toY);
  const paths = { line: line(xs, ys), beyond: gaps ? '' : beyond(xs, values, top) };
  return { marks: marks(ticks(axis, 3), toY, f.short), right: [], paths, dots: [ys] };
}

function lossPanel({ loss, low, high, average }, { xs, held, evals, floor, logy }, f) {
  const [top, bottom] = PANELS.loss;
  const measures = evals.map(one => one.val_loss);
  const axis = domain([...loss, ...low, ...high, ...average, ...measures, floor?.nats ?? null], { log: logy, room: 0.05 });
  const toY = scale(axis, bottom, top);
  const [y, lowY, highY, averageY, heldY] = [loss, low, high, average, measures].map(values => values.map(toY));
  const paths = {
    band: band(xs, lowY, highY),
    loss: line(xs, y),
    average: line(xs, averageY),
    held: diamonds(held, heldY),
    beyond: beyond(xs, loss, top) + beyond(held, measures, top),
  };
  return { marks: marks(ticks(axis, 6), toY, f.short), right: perplexities(axis, toY, f), paths, dots: [averageY, y], floor: floor && toY(floor.nats) };
}

/** Marks at the upper edge for what is no number. */
function beyond(xs, values, top) {
  return triangles(xs, values.map(value => (value === null ? top : null)));
}

/** With as many digits as it takes to tell them apart. */
function marks(values, toY, name) {
  const digits = [3, 4, 5, 6].find(n => new Set(values.map(value => name(value, n))).size === values.length);
  return values.map(value => ({ at: toY(value), text: name(value, digits) })).filter(mark => mark.at !== null);
}

/** Round perplexities, far enough from one another to be read. */
function perplexities({ low, high }, toY, f) {
  const [least, most] = [perplexity(low), perplexity(high)];
  if (!Number.isFinite(most)) return [];
  const log = most / least > 5;
  const found = ticks({ low: least, high: most, log }, 9);
  const kept = [];
  for (const mark of marks(found, value => toY(Math.log(value)), f.short)) {
    if (kept.length === 0 || Math.abs(kept.at(-1).at - mark.at) >= APART) kept.push(mark);
  }
  return kept;
}

/** How many values have no place on a logarithmic axis. */
function leftOut({ loss, lr, grad_norm }, logy) {
  return logy ? [loss, lr, grad_norm].flat().filter(value => value !== null && !placed(value, true)).length : 0;
}

/**
 * The rows of the table behind the curves, a row a point.
 * @returns {{step: number, loss: number | null, average: number | null, held_out: number | null, perplexity: number | null}[]}
 */
export function rows({ series, evals }) {
  const found = measured(series.step, evals);
  return series.step.map((step, i) => ({ step, loss: series.loss[i], average: series.average[i], held_out: found[i]?.val_loss ?? null, perplexity: perplexity(found[i]?.val_loss) }));
}

/** All columns, the names first: for a CSV file. Numbers that are not finite stay empty. */
export function columns({ series, evals }) {
  const names = ['step', 'loss', 'low', 'high', 'average', 'lr', 'grad_norm', 'tokens', 'seconds'];
  const [found, speed] = [measured(series.step, evals), speeds(series)];
  const line = (step, i) => [...names.map(name => series[name][i]), speed[i], found[i]?.step, found[i]?.val_loss, perplexity(found[i]?.val_loss), found[i]?.train_loss];
  return [[...names, 'tokens_per_second', 'eval_step', 'val_loss', 'val_perplexity', 'eval_train_loss'], ...series.step.map(line)];
}

/** What stands under the cursor, for the line above the picture and for who listens: names and texts. */
export function readout({ series, evals }, i, { t, f }) {
  const number = (value, digits) => (value === null || value === undefined ? t('not_finite') : f.fixed(value, digits));
  const held = measured(series.step, evals)[i];
  const lossPerplexity = perplexity(held ? held.val_loss : series.average[i]);
  return [
    ['step', f.integer(series.step[i])],
    ['loss', number(series.loss[i], 4)],
    ['average', number(series.average[i], 4)],
    ['held_out', held ? t('held_at', { loss: number(held.val_loss, 4), step: f.integer(held.step) }) : '–'],
    ['perplexity', lossPerplexity === null ? '–' : f.perplexity(lossPerplexity)],
    ['lr', series.lr[i] === null ? t('not_finite') : f.short(series.lr[i])],
    ['grad_norm', number(series.grad_norm[i], 3)],
    ['tokens', f.short(series.tokens[i])],
    ['time', series.seconds[i] === null ? '–' : duration(series.seconds[i], f)],
  ];
}

