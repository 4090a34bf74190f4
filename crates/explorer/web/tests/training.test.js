import test from 'node:test';
import assert from 'node:assert/strict';

import { formats } from '../format.js';
import { translator } from '../i18n/index.js';
import { pages } from '../pages.js';
import { changes, words } from '../screens/training/changes.js';
import { along, best, impossible, measured, nearest, pace, perplexity, speeds, timeLeft } from '../screens/training/curves.js';
import { follow } from '../screens/training/live.js';
import { band, diamonds, line, triangles } from '../screens/training/path.js';
import { columns, picture, readout, rows, PANELS, PLOT } from '../screens/training/picture.js';
import { jobs } from '../screens/training/samples.js';
import { domain, roundStep, scale, ticks, timeTicks } from '../screens/training/scale.js';
import { duration, tick } from '../screens/training/time.js';
import * as own from '../screens/training/words.js';
import { decode, encode, START } from '../state.js';

const f = formats('en');
const t = translator('en', own);

// --- scales

test('a domain holds its values, and something where there are none or all are the same', () => {
  assert.deepEqual(domain([3, null, 1, NaN, 2]), { low: 1, high: 3, log: false });
  assert.deepEqual(domain([]), { low: 0, high: 1, log: false });
  assert.deepEqual(domain([null, NaN]), { low: 0, high: 1, log: false });
  const constant = domain([0.001, 0.001]);
  assert.ok(constant.low < 0.001 && constant.high > 0.001);
  assert.deepEqual(domain([0]), { low: -1, high: 1, log: false });
  assert.equal(scale(constant, 100, 0)(0.001).toFixed(6), '50.000000');
  const wide = domain([1, 2], { room: 0.5 });
  assert.deepEqual([wide.low, wide.high], [0.5, 2.5]);
});

test('what rounding adds to a constant is no curve', () => {
  const { low, high } = domain([102400, 102400.0000001, 102399.9999999]);
  assert.ok(low < 95000 && high > 110000);
  const speeds = picture({ ...answer, series: { ...series, tokens: [102400, 204800, 409600.0000001] } }, view, f).panels.speed;
  assert.ok(new Set(speeds.marks.map(mark => mark.text)).size === speeds.marks.length);
});

test('marks have as many digits as it takes', () => {
  const near = { ...answer, series: { ...series, loss: [3.14151, null, 3.14158], low: [3.14151, null, 3.14158], high: [3.14151, null, 3.14158], average: [3.14151, 3.14151, 3.14158] }, evals: [] };
  const { marks } = picture(near, view, f).panels.loss;
  assert.ok(marks.length > 1 && new Set(marks.map(mark => mark.text)).size === marks.length, JSON.stringify(marks));
});

test('on a logarithmic axis what is 0 or less has no place', () => {
  const axis = domain([0, -1, 1, 100], { log: true });
  assert.ok(Math.abs(axis.low - 1) < 1e-9 && Math.abs(axis.high - 100) < 1e-9);
  const place = scale(axis, 0, 200);
  assert.deepEqual([place(0), place(-1), place(null), place(NaN)], [null, null, null, null]);
  assert.ok(Math.abs(place(10) - 100) < 1e-9);
  assert.deepEqual(domain([0], { log: true }), { low: 1, high: 10, log: true });
});

test('ticks are round, within, and not too many', () => {
  assert.deepEqual(ticks({ low: 0, high: 5000, log: false }, 7), [0, 1000, 2000, 3000, 4000, 5000]);
  assert.deepEqual(ticks({ low: 0.0009, high: 0.0011, log: false }, 3), [0.0009, 0.001, 0.0011]);
  assert.deepEqual(ticks({ low: -1, high: 1, log: false }, 4), [-1, -0.5, 0, 0.5, 1]);
  assert.deepEqual(ticks({ low: 1, high: 1000, log: true }, 5), [1, 10, 100, 1000]);
  assert.deepEqual(ticks({ low: 1e-6, high: 1e6, log: true }, 5).length <= 5, true);
  assert.deepEqual(ticks({ low: 3, high: 7, log: true }, 6).length >= 2, true);
  for (const [low, high] of [[0, 1e-9], [3.2, 3.3], [1e7, 3e7], [-5, 12], [0.1, 0.30000000000000004]]) {
    for (const most of [2, 3, 6, 9]) {
      const found = ticks({ low, high, log: false }, most);
      assert.ok(found.length <= most + 1, `${found.length} of ${most} from ${low} to ${high}`);
      for (const value of found) assert.ok(value >= low - 1e-9 * Math.abs(high - low) - 1e-18 && value <= high + 1e-9 * Math.abs(high - low) + 1e-18, `${value}`);
    }
  }
  assert.deepEqual([0.7, 1, 1.1, 2.1, 5.1].map(roundStep), [1, 1, 2, 5, 10]);
});

test('ticks of time are minutes and hours', () => {
  assert.deepEqual(timeTicks({ low: 0, high: 218, log: false }, 7), [0, 60, 120, 180]);
  assert.deepEqual(timeTicks({ low: 0, high: 7200, log: false }, 5), [0, 1800, 3600, 5400, 7200]);
  assert.deepEqual(timeTicks({ low: 0, high: 0.5, log: false }, 5), [0, 0.1, 0.2, 0.3, 0.4, 0.5]);
  assert.deepEqual([0, 0.25, 30, 60, 90, 5400, 172800].map(seconds => tick(seconds, f)), ['0', '0.25 s', '30 s', '1 min', '1.5 min', '1.5 h', '2 d']);
});

test('durations as people say them', () => {
  const told = [0, 4.25, 9.96, 59.4, 59.6, 200, 3599, 3600, 3900, 86399, 90000, 1e6, -1, NaN, Infinity].map(seconds => duration(seconds, f));
  assert.deepEqual(told, ['0.0 s', '4.2 s', '10 s', '59 s', '1 min 00 s', '3 min 20 s', '59 min 59 s', '1 h 00 min', '1 h 05 min', '1 d 0 h', '1 d 1 h', '11 d 14 h', '–', '–', '–']);
  assert.equal(duration(4.25, formats('pt-BR')), '4,2 s');
});

// --- paths

test('a line has a gap where a value is missing, and a dot for one alone', () => {
  assert.equal(line([0, 1, 2, 3, 4], [5, 6, null, 7, 8]), 'M0.0 5.0L1.0 6.0M3.0 7.0L4.0 8.0');
  assert.equal(line([0, 1, 2], [null, 6, null]), 'M1.0 6.0h0');
  assert.equal(line([null, 1], [5, 6]), 'M1.0 6.0h0');
  assert.equal(line([], []), '');
});

test('a band closes, and breaks at gaps', () => {
  assert.equal(band([0, 1, 2, 3], [9, 8, null, 7], [1, 2, 3, 4]), 'M0.0 1.0L1.0 2.0L1.0 8.0L0.0 9.0Z');
});

test('marks stand where there is a value', () => {
  assert.equal(diamonds([1, 2, null], [5, null, 7]).match(/M/g).length, 1);
  assert.equal(triangles([1, null], [64, 64]).match(/M/g).length, 1);
});

// --- what the numbers say

const series = { step: [1, 2, 4], loss: [6, null, 4], low: [6, null, 3.5], high: [6, null, 4.5], average: [6, 6, 5], lr: [0.1, 0.1, 0.1], grad_norm: [1, null, 2], tokens: [100, 200, 400], seconds: [1, 2, 4] };
const evals = [{ step: 2, train_loss: 5, val_loss: 5.5, train_seconds: 2 }, { step: 4, train_loss: 4, val_loss: null, train_seconds: 4 }];
const checkpoints = [{ step: 2, val_loss: 5.5 }, { step: 4, val_loss: null }];
const answer = { state: 'running', steps: 8, rows: 4, window: 100, floor: null, fault: null, series, evals, checkpoints };
const view = { x: 'step', logx: false, logy: false, chosen: 4 };

test('speed and time left, and nothing where time stands still', () => {
  assert.deepEqual(speeds(series), [100, 100, 100]);
  assert.deepEqual(speeds({ tokens: [5, 9, 12], seconds: [1, 1, null] }), [5, null, null]);
  assert.deepEqual(pace(series), { tokens: 100, steps: 1 });
  assert.equal(timeLeft(series, 8), 4);
  assert.equal(timeLeft(series, 2), 0);
  assert.equal(timeLeft(series, null), null);
  assert.equal(timeLeft({ step: [1], tokens: [1], seconds: [1] }, 8), null);
  assert.equal(pace({ step: [1, 2], tokens: [1, 2], seconds: [3, 3] }), null);
});

test('the best evaluation is the first of the least, and a null is none', () => {
  assert.equal(best(evals).step, 2);
  assert.equal(best([{ step: 1, val_loss: 3 }, { step: 2, val_loss: 3 }]).step, 1);
  assert.equal(best([{ step: 1, val_loss: null }]), null);
  assert.equal(best([]), null);
});

test('below the entropy by more than three standard errors is impossible', () => {
  const floor = { nats: 2, standard_error: 0.1 };
  const at = val_loss => ({ step: 1, val_loss });
  assert.equal(impossible([at(1.71), at(1.69), at(null), at(3)], floor).length, 1);
  assert.deepEqual(impossible([at(0)], null), []);
});

test('perplexity, and steps on another axis', () => {
  assert.deepEqual([perplexity(null), perplexity(undefined), perplexity(NaN), perplexity(0)], [null, null, null, 1]);
  assert.deepEqual([1, 2, 3, 4].map(step => along(step, series.step, series.tokens)), [100, 200, 300, 400]);
  assert.equal(along(5, series.step, series.tokens), null);
  assert.equal(along(1, [2], [50]), 25);
  assert.equal(along(0, [0, 1], [7, 8]), 7);
  assert.equal(along(1, [], []), null);
});

test('each evaluation belongs to the point that holds its step', () => {
  assert.deepEqual(measured([1, 3, 5], [{ step: 2 }, { step: 3 }, { step: 5 }]).map(one => one?.step ?? null), [null, 3, 5]);
  assert.deepEqual(rows(answer).map(row => row.held_out), [null, 5.5, null]);
});

test('the nearest place', () => {
  assert.equal(nearest(4, [1, null, 5, 9]), 2);
  assert.equal(nearest(4, [null]), -1);
  assert.equal(nearest(4, []), -1);
});

// --- the picture

test('points lie where the axes say, and what is not finite is a mark of its own', () => {
  const { xs, panels, checkpoints: stands } = picture(answer, view, f);
  assert.deepEqual([xs[0], xs[2]], [PLOT.left, PLOT.right]);
  assert.equal(panels.loss.paths.loss.match(/M/g).length, 2);
  assert.equal(panels.loss.paths.beyond.match(/M/g).length, 2, 'a step and an evaluation');
  assert.equal(panels.grad_norm.paths.beyond.match(/M/g).length, 1);
  assert.equal(panels.loss.paths.held.match(/M/g).length, 1);
  assert.equal(stands.at(-1), PLOT.right);
  const [top, bottom] = PANELS.loss;
  for (const y of panels.loss.dots.flat().filter(y => y !== null)) assert.ok(y > top && y < bottom);
  for (const { at } of [...panels.loss.marks, ...panels.loss.right]) assert.ok(at >= top - 1 && at <= bottom + 1);
});

test('no point, one, two, and all the same look right', () => {
  const none = { step: [], loss: [], low: [], high: [], average: [], lr: [], grad_norm: [], tokens: [], seconds: [] };
  const some = n => Object.fromEntries(Object.entries(series).map(([name]) => [name, Array.from({ length: n }, (_, i) => (['step', 'tokens', 'seconds'].includes(name) ? i + 1 : 3))]));
  for (const log of [false, true]) {
    for (const x of ['step', 'tokens', 'seconds']) {
      for (const one of [none, some(1), some(2), some(50)]) {
        const told = picture({ ...answer, series: one, evals: [], checkpoints: [{ step: 1, val_loss: null }] }, { x, logx: log, logy: log, chosen: 1 }, f);
        assert.doesNotMatch(JSON.stringify(told), /NaN|Infinity|undefined/, `${one.step.length} points along ${x}`);
        const places = told.panels.lr.dots[0];
        if (places.length > 0) assert.equal(Math.round(places[0]), (PANELS.lr[0] + PANELS.lr[1]) / 2, 'a constant lies in the middle');
        assert.ok(places.every(y => y === places[0]));
      }
    }
  }
});

test('the right axis is e to the left one', () => {
  const { panels } = picture(answer, view, f);
  const [[a, textA], [b, textB]] = [panels.loss.right[0], panels.loss.right.at(-1)].map(({ at, text }) => [at, text]);
  const [left, right] = [panels.loss.marks[0], panels.loss.marks.at(-1)];
  const loss = y => Number(left.text) + ((y - left.at) / (right.at - left.at)) * (Number(right.text) - Number(left.text));
  assert.ok(Math.abs(Math.exp(loss(a)) - Number(textA)) < 0.5 && Math.abs(Math.exp(loss(b)) / Number(textB) - 1) < 0.01, `${textA} ${textB}`);
});

test('a logarithmic axis tells what it leaves out', () => {
  const zero = { ...series, lr: [0, 0.1, 0.1] };
  assert.equal(picture({ ...answer, series: zero }, { ...view, logy: true }, f).leftOut, 1);
  assert.equal(picture({ ...answer, series: zero }, view, f).leftOut, 0);
});

test('the readout says each number, and which are none', () => {
  const told = Object.fromEntries(readout(answer, 1, { t, f }));
  assert.deepEqual([told.step, told.loss, told.average, told.held_out, told.grad_norm], ['2', 'not finite', '6.0000', '5.5000 (step 2)', 'not finite']);
  assert.equal(told.perplexity, '244.69');
});

test('the CSV has a line a point, and all columns', () => {
  const lines = columns(answer);
  assert.deepEqual(lines.map(line => line.length), [14, 14, 14, 14]);
  assert.deepEqual(lines[2].slice(0, 2), [2, null]);
  assert.deepEqual(lines[2].slice(9, 12), [100, 2, 5.5]);
});

// --- samples

test('words that are new, of the longest part in common', () => {
  assert.deepEqual(changes(words('a story of love'), words('a story of the love')), [false, false, false, true, false]);
  assert.deepEqual(changes([], ['a']), [true]);
  assert.deepEqual(changes(['a'], []), []);
  assert.deepEqual(changes(words('x y z'), words('y x z')).filter(Boolean).length, 1);
  assert.deepEqual(words('  um \n dois\u3000três '), ['um', 'dois', 'três']);
});

test('what is on show is sampled first, then the one before it, then the near ones', () => {
  const order = jobs([10, 20, 30, 40], 2, { prompts: ['p', 'q'], seed: '1' });
  assert.equal(order.length, 16);
  assert.deepEqual([...new Set(order.map(job => job.step))], [30, 20, 40, 10]);
  assert.deepEqual(order[0], { step: 30, prompt: 'p', strategy: 'greedy', seed: '1' });
});

// --- asking again

function page(hidden = false) {
  const listeners = [];
  return { hidden, addEventListener: (_, listener, { signal }) => listeners.push([listener, signal]), turn(hidden) {
    this.hidden = hidden;
    listeners.filter(([, signal]) => !signal.aborted).forEach(([listener]) => listener());
  } };
}

const turns = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

test('a run that goes on is asked each second, one that has ended never again, and none that nobody looks at', async context => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let [asked, state] = [0, 'running'];
  const doc = page();
  const live = follow({ ask: async () => (asked++, { state }), isLive: one => one.state === 'running', show() {}, fail() {} }, doc);
  await turns();
  const second = async () => (context.mock.timers.tick(1000), await turns());
  await second();
  await second();
  assert.equal(asked, 3);
  doc.hidden = true;
  for (let i = 0; i < 5; i++) await second();
  assert.equal(asked, 3, 'hidden');
  doc.turn(false);
  await turns();
  assert.equal(asked, 4, 'seen again');
  state = 'ended';
  await second();
  for (let i = 0; i < 5; i++) await second();
  assert.equal(asked, 5, 'ended');
  doc.turn(false);
  await turns();
  assert.equal(asked, 5);
  live.leave();
});

test('who has left is asked and shown nothing', async context => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let [asked, shown] = [0, 0];
  const live = follow({ ask: async () => (asked++, {}), isLive: () => true, show: () => shown++, fail() {} }, page());
  live.leave();
  await turns();
  context.mock.timers.tick(5000);
  await turns();
  assert.deepEqual([asked, shown], [1, 0]);
});

test('a failure is told, and asked again when it says so', async () => {
  let [asked, again] = [0, null];
  const ask = async () => {
    if (asked++ === 0) throw new Error('gone');
    return {};
  };
  follow({ ask, isLive: () => false, show() {}, fail: (_, retry) => (again = retry) }, page());
  await turns();
  assert.equal(asked, 1);
  again();
  await turns();
  assert.equal(asked, 2);
});

// --- pages and addresses

test('where one can go in a list', () => {
  assert.deepEqual(pages(0, 20, 0), { from: 0, to: 0, first: null, previous: null, next: null, last: null });
  assert.deepEqual(pages(20, 20, 3214), { from: 21, to: 40, first: 0, previous: 0, next: 40, last: 3200 });
  assert.deepEqual(pages(3200, 20, 3214), { from: 3201, to: 3214, first: 0, previous: 3180, next: null, last: null });
  assert.deepEqual(pages(20, 20, 40).next, null);
  assert.deepEqual(pages(9999, 20, 30).from, 21, 'an offset beyond the end is the last page');
});

test('the address keeps how one looks at the curves', () => {
  const state = { ...START, screen: 'training', x: 'tokens', logx: true, step: 30 };
  assert.deepEqual(decode(encode(state)), state);
  assert.equal(decode('#training?x=hours&logy=maybe').x, 'step');
});
