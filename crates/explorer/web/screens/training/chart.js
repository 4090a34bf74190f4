// The curves, as SVG with a fixed set of nodes: what is new changes attributes and makes nothing.

import { say, set, svg, words } from '../../dom.js';
import { nearest } from './curves.js';
import { HEIGHT, PANELS, PLOT, STRIP, WIDTH } from './picture.js';

const [MARKS, RIGHT_MARKS, X_MARKS, LEGEND] = [10, 14, 16, 6];
const NAMES = Object.keys(PANELS);
const PATHS = { loss: ['band', 'loss', 'average', 'held', 'beyond'] };
const JUMP = 10;

/**
 * @param {{t: Function, onLook: (index: number | null) => string | null, onCheckpoint: (index: number) => void}} listeners
 *     onLook: a point is looked at, or none; it tells what stands there
 * @returns {{node: SVGElement, draw: (picture: import('./picture.js').Picture, words: object) => void}}
 */
export function createChart({ t, onLook, onCheckpoint }) {
  const panels = Object.fromEntries(NAMES.map(name => [name, createPanel(t, name)]));
  const frame = createFrame(t);
  const cross = createCross();
  const hit = svg('rect', { class: 'hit', x: PLOT.left, y: PANELS.loss[0], width: PLOT.right - PLOT.left, height: PANELS.speed[1] - PANELS.loss[0], role: 'slider', tabindex: 0, 'aria-valuemin': 0 });
  const node = svg('svg', { class: 'chart curves', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'group', 'aria-label': t('curves') }, frame.node, ...NAMES.map(name => panels[name].node), cross.node, hit);
  set(hit, 'aria-label', t('crosshair'));
  let shown = null;
  let index = null;
  const look = at => {
    index = at;
    cross.show(shown, at);
    const told = onLook(at);
    set(hit, 'aria-valuemax', Math.max(0, shown.xs.length - 1));
    set(hit, 'aria-valuenow', at ?? Math.max(0, shown.xs.length - 1));
    set(hit, 'aria-valuetext', told);
  };
  listen(hit, { picture: () => shown, index: () => index, look, onCheckpoint });
  return {
    node,
    draw(picture, about) {
      const wasLast = shown === null || index === null || index >= shown.xs.length;
      shown = picture;
      frame.draw(picture, about);
      NAMES.forEach(name => panels[name].draw(picture.panels[name]));
      look(wasLast ? null : index);
    },
  };
}

// --- panels

function createPanel(t, name) {
  const [top, bottom] = PANELS[name];
  const title = text('title');
  const grid = Array.from({ length: MARKS }, () => ({ line: svg('line', { class: 'grid', x1: PLOT.left, x2: PLOT.right }), mark: text('mark') }));
  const right = Array.from({ length: name === 'loss' ? RIGHT_MARKS : 0 }, () => text('entry'));
  const base = svg('path', { class: 'base', d: `M${PLOT.left} ${top}V${bottom}H${PLOT.right}${name === 'loss' ? `V${top}` : ''}` });
  const paths = (PATHS[name] ?? ['line', 'beyond']).map(kind => [kind, svg('path', { class: `curve ${kind}` })]);
  const node = svg('g', { class: `panel-${name}`, 'aria-hidden': 'true' }, title.node, ...grid.flatMap(one => [one.line, one.mark.node]), ...right.map(one => one.node), base, ...paths.map(([, path]) => path));
  put(title, t(`panel_${name}`), PLOT.left, top - 10);
  const draw = panel => {
    grid.forEach((one, i) => drawMark(one, panel.marks[i]));
    right.forEach((one, i) => show(one, panel.right[i], mark => put(one, mark.text, PLOT.right + 6, mark.at + 4)));
    paths.forEach(([kind, path]) => set(path, 'd', panel.paths[kind] || null));
  };
  return { node, draw };
}

function drawMark({ line, mark }, found) {
  set(line, 'display', found ? null : 'none');
  show(mark, found, ({ at, text }) => {
    set(line, 'y1', at.toFixed(1));
    set(line, 'y2', at.toFixed(1));
    put(mark, text, PLOT.left - 6, at + 4);
  });
}

function show(one, found, draw) {
  set(one.node, 'display', found ? null : 'none');
  if (found) draw(found);
}

function text(className) {
  const content = words();
  return { node: svg('text', { class: className }, content), content };
}

function put({ node, content }, text, x, y) {
  say(content, text);
  set(node, 'x', x.toFixed(1));
  set(node, 'y', y.toFixed(1));
}

// --- what all panels share: legend, horizontal axis, checkpoints, the entropy

function createFrame(t) {
  const bottoms = [PANELS.loss[1] + STRIP.height, PANELS.speed[1]];
  const marks = bottoms.map(bottom => ({ bottom, texts: Array.from({ length: X_MARKS }, () => text('axis')) }));
  const lines = Array.from({ length: X_MARKS }, () => svg('path', { class: 'grid' }));
  const label = text('axis');
  const right = text('axis end');
  const strip = { ticks: svg('path', { class: 'checkpoints' }), chosen: svg('path', { class: 'chosen' }) };
  const floor = svg('line', { class: 'floor', x1: PLOT.left, x2: PLOT.right });
  const legend = Array.from({ length: LEGEND }, createEntry);
  const node = svg('g', { 'aria-hidden': 'true' }, ...lines, ...marks.flatMap(one => one.texts.map(mark => mark.node)), label.node, right.node, strip.ticks, strip.chosen, floor, ...legend.map(entry => entry.group));
  put(right, t('panel_perplexity'), PLOT.right, PANELS.loss[0] - 10);
  const draw = (picture, about) => {
    drawAcross(lines, marks, picture.marks);
    put(label, about.axis, (PLOT.left + PLOT.right) / 2, HEIGHT - 8);
    Object.entries(strip).forEach(([kind, path]) => set(path, 'd', picture.strip[kind] || null));
    show({ node: floor }, picture.floor, y => ['y1', 'y2'].forEach(name => set(floor, name, y.toFixed(1))));
    drawLegend(legend, about.legend);
  };
  return { node, draw };
}

function drawAcross(lines, marks, found) {
  lines.forEach((line, i) => set(line, 'd', found[i] ? gridAt(found[i].at) : null));
  for (const { bottom, texts } of marks) texts.forEach((mark, i) => show(mark, found[i], ({ at, text }) => put(mark, text, at, bottom + 16)));
}

/** A line through every panel. */
function gridAt(x) {
  return Object.values(PANELS).map(([top, bottom]) => `M${x.toFixed(1)} ${top}V${bottom}`).join('');
}

function createEntry() {
  const sample = svg('path', {});
  const name = text('entry');
  return { group: svg('g', {}, sample, name.node), sample, name };
}

const SAMPLES = { band: 'M0 -9h22v9h-22Z', held: 'M11 -9.5l5 5l-5 5l-5 -5Z', beyond: 'M11 -9l5 8h-10Z' };

/** Side by side, in a second line where the first is full. */
function drawLegend(entries, legend) {
  let [x, y] = [PLOT.left, 14];
  entries.forEach((entry, i) => {
    const found = legend[i];
    show({ node: entry.group }, found, ({ kind, text }) => {
      const width = 44 + 6.3 * text.length;
      if (x + width > WIDTH && x > PLOT.left) [x, y] = [PLOT.left, y + 18];
      set(entry.group, 'transform', `translate(${x.toFixed(1)} ${y})`);
      set(entry.sample, 'class', kind === 'floor' ? 'floor' : `curve ${kind}`);
      set(entry.sample, 'd', SAMPLES[kind] ?? 'M0 -4h22');
      put(entry.name, text, 28, 0);
      x += width;
    });
  });
}

// --- the crosshair

function createCross() {
  const line = svg('path', { class: 'cross' });
  const dots = Array.from({ length: NAMES.length + 1 }, () => svg('circle', { class: 'dot', r: 3.5 }));
  const node = svg('g', { 'aria-hidden': 'true', display: 'none' }, line, ...dots);
  const draw = ({ xs, panels }, i) => {
    const ys = NAMES.flatMap(name => panels[name].dots.map(one => one[i]));
    set(line, 'd', gridAt(xs[i]));
    dots.forEach((dot, j) => show({ node: dot }, ys[j] ?? null, y => (set(dot, 'cx', xs[i].toFixed(1)), set(dot, 'cy', y.toFixed(1)))));
  };
  const showAt = (picture, i) => {
    const isThere = i !== null && picture.xs[i] != null;
    set(node, 'display', isThere ? null : 'none');
    if (isThere) draw(picture, i);
  };
  return { node, show: showAt };
}

/** The pointer, and the keys: arrows by point, with Shift ten times as far; PageUp, PageDown and Enter for checkpoints. */
function listen(hit, { picture, index, look, onCheckpoint }) {
  const placeOf = event => {
    const box = hit.getBoundingClientRect();
    return PLOT.left + ((event.clientX - box.left) / box.width) * (PLOT.right - PLOT.left);
  };
  const here = () => index() ?? picture().xs.length - 1;
  const go = i => picture().xs.length > 0 && look(Math.max(0, Math.min(picture().xs.length - 1, i)));
  const point = event => look(emptyAsNull(nearest(placeOf(event), picture().xs)));
  const choose = place => {
    const found = nearest(place, picture().checkpoints);
    if (found >= 0) onCheckpoint(found);
  };
  const neighbour = way => {
    const { xs, checkpoints } = picture();
    const found = checkpoints.filter(x => x !== null && way * (x - (xs[here()] ?? 0)) > 0.05);
    if (found.length > 0) go(nearest(way > 0 ? Math.min(...found) : Math.max(...found), xs));
  };
  const keys = {
    ArrowRight: far => go(here() + far), ArrowUp: far => go(here() + far),
    ArrowLeft: far => go(here() - far), ArrowDown: far => go(here() - far),
    Home: () => go(0), End: () => go(Infinity),
    PageUp: () => neighbour(1), PageDown: () => neighbour(-1),
    Enter: () => picture().xs.length > 0 && choose(picture().xs[here()]),
    Escape: () => look(null),
  };
  hit.addEventListener('keydown', event => {
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key](event.shiftKey ? JUMP : 1);
  });
  hit.addEventListener('pointermove', point);
  hit.addEventListener('pointerdown', point);
  hit.addEventListener('pointerleave', () => document.activeElement !== hit && look(null));
  hit.addEventListener('blur', () => look(null));
  hit.addEventListener('click', event => inStrip(event, hit) && choose(placeOf(event)));
}

const emptyAsNull = index => (index < 0 ? null : index);

/** Whether one pressed on the checkpoints beneath the loss. */
function inStrip(event, hit) {
  const box = hit.getBoundingClientRect();
  const [top, bottom] = [PANELS.loss[0], PANELS.speed[1]];
  const y = top + ((event.clientY - box.top) / box.height) * (bottom - top);
  return y >= STRIP.top - 4 && y <= STRIP.top + STRIP.height + 22;
}
