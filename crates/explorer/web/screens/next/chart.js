// The bars, as SVG with a fixed set of nodes: moving a slider changes attributes and makes nothing.

import { say, set, svg, words } from '../../dom.js';

const [WIDTH, HEIGHT] = [880, 420];
const PLOT = { left: 56, right: 872, top: 52, bottom: 316 };
const REASON = 110; // as much as the longest takes
const BARS = 15;
const GRID = 8;
const LEGEND = 4;

/**
 * @param {{onPick: (id: number) => void}} listeners
 * @returns {{node: SVGElement, draw: (picture: import('./picture.js').Picture) => void, move: (moving: boolean) => void}}
 */
export function createChart({ onPick }) {
  const frame = createFrame();
  const bars = Array.from({ length: BARS }, () => createBar());
  const rest = createBar();
  const node = svg('svg', { class: 'chart', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'group' }, hatch(), frame.behind, ...bars.map(bar => bar.group), rest.group, frame.before);
  set(rest.group, 'class', 'bar rest');
  Object.entries({ role: 'img', tabindex: null }).forEach(([name, value]) => set(rest.hit, name, value));
  set(rest.fill, 'fill', 'url(#hatch)');
  let shown = [];
  roam(node, bars, index => onPick(shown[index].id));
  return {
    node,
    move: moving => node.classList.toggle('moving', moving),
    draw(picture) {
      shown = picture.bars;
      const scale = scales(picture);
      set(node, 'aria-label', picture.title.join(' '));
      frame.draw(picture, scale);
      bars.forEach((bar, i) => drawBar(bar, picture.bars[i], i, scale));
      drawBar(rest, picture.rest, picture.bars.length, scale);
    },
  };
}

function scales({ bars, rest, top }) {
  const column = (PLOT.right - PLOT.left) / (bars.length + (rest ? 1 : 0));
  return {
    top,
    column,
    x: index => PLOT.left + column * (index + 0.5),
    y: percent => PLOT.bottom - (Math.min(percent, top) / top) * (PLOT.bottom - PLOT.top),
  };
}

// --- bars

/** The words beside it are for the eye alone: the column is the button, and its name says them all. */
function createBar() {
  const hit = svg('rect', { class: 'hit', y: PLOT.top, height: HEIGHT - PLOT.top, role: 'button', tabindex: -1 });
  const raw = svg('rect', { class: 'raw' });
  const fill = svg('rect', { class: 'final' });
  const [value, reason, label] = ['value', 'reason', 'label'].map(text);
  const told = svg('g', { 'aria-hidden': 'true' }, value.node, reason.node, label.node);
  const group = svg('g', { class: 'bar', display: 'none' }, hit, raw, fill, told);
  return { group, hit, raw, fill, value, reason, label };
}

function text(className) {
  const content = words();
  return { node: svg('text', { class: className }, content), content };
}

function drawBar(bar, data, index, scale) {
  set(bar.group, 'display', data ? null : 'none');
  if (!data) return;
  const x = scale.x(index);
  const width = scale.column * 0.8;
  const top = scale.y(data.percent);
  bar.group.classList.toggle('cut', data.kept === false);
  set(bar.hit, 'aria-label', data.name);
  box(bar.hit, x - scale.column / 2, scale.column);
  box(bar.fill, x - width / 2, width, top);
  set(bar.raw, 'display', data.raw === null ? 'none' : null);
  box(bar.raw, x - width / 2, width, scale.y(data.raw ?? 0));
  const beyond = data.percent > scale.top ? '↑ ' : '';
  put(bar.value, beyond + data.text, x, data.kept === false ? scale.y(1) : top - 4);
  put(bar.reason, data.reason ?? '', x + 4, reasonFrom(scale.y(data.raw ?? 0), scale.y(1) - 16), -90);
  put(bar.label, data.label, x + 4, PLOT.bottom + 16, -30);
}

/** A reason stands on the bar of before; where there is no room above a tall one, in it. */
function reasonFrom(top, foot) {
  return top - REASON > PLOT.top ? Math.min(foot, top - 6) : foot;
}

function box(rect, x, width, y) {
  set(rect, 'x', x.toFixed(2));
  set(rect, 'width', width.toFixed(2));
  if (y === undefined) return;
  set(rect, 'y', y.toFixed(2));
  set(rect, 'height', (PLOT.bottom - y).toFixed(2));
}

function put({ node, content }, text, x, y, angle = 0) {
  say(content, text);
  set(node, 'transform', `translate(${x.toFixed(2)} ${y.toFixed(2)})${angle ? ` rotate(${angle})` : ''}`);
}

// --- title, axis, grid, legend

function createFrame() {
  const titles = [text('title'), text('title')];
  const axis = text('axis');
  const grid = Array.from({ length: GRID }, () => ({ line: svg('line', { class: 'grid', x1: PLOT.left, x2: PLOT.right }), mark: text('mark') }));
  const base = svg('path', { class: 'base', d: `M${PLOT.left} ${PLOT.top}V${PLOT.bottom}H${PLOT.right}` });
  const entries = Array.from({ length: LEGEND }, createEntry);
  const panel = svg('rect', { class: 'legend-panel' });
  const behind = svg('g', { 'aria-hidden': 'true' }, ...titles.map(t => t.node), axis.node, ...grid.flatMap(g => [g.line, g.mark.node]), base);
  const before = svg('g', { 'aria-hidden': 'true', class: 'legend' }, panel, ...entries.map(entry => entry.group));
  const draw = (picture, scale) => {
    picture.title.forEach((line, i) => put(titles[i], line, WIDTH / 2, 18 + 18 * i));
    put(axis, picture.axis, 14, (PLOT.top + PLOT.bottom) / 2, -90);
    drawGrid(grid, scale);
    drawLegend(panel, entries, picture, PLOT.right - (picture.rest ? scale.column : 0) - 4);
  };
  return { behind, before, draw };
}

function drawGrid(grid, { top, y }) {
  const step = [1, 2, 5, 10].find(step => top / step < GRID) ?? 20;
  grid.forEach(({ line, mark }, i) => {
    const gone = i * step > top ? 'none' : null;
    const at = y(i * step);
    set(line, 'display', gone);
    set(mark.node, 'display', gone);
    set(line, 'y1', at.toFixed(2));
    set(line, 'y2', at.toFixed(2));
    put(mark, String(i * step), PLOT.left - 6, at + 4);
  });
}

function createEntry() {
  const swatch = svg('rect', { width: 18, height: 11, y: -10 });
  const label = text('entry');
  return { group: svg('g', {}, swatch, label.node), swatch, label };
}

function drawLegend(panel, entries, { legend }, right) {
  const width = 34 + 6.2 * Math.max(...legend.map(entry => entry.text.length));
  box(panel, right - width, width);
  set(panel, 'y', PLOT.top + 2);
  set(panel, 'height', 8 + 18 * legend.length);
  entries.forEach(({ group, swatch, label }, i) => {
    set(group, 'display', legend[i] ? null : 'none');
    set(group, 'transform', `translate(${(right - width + 6).toFixed(2)} ${PLOT.top + 18 + 18 * i})`);
    set(swatch, 'class', `swatch ${legend[i]?.kind ?? ''}`);
    set(swatch, 'fill', legend[i]?.kind === 'rest' ? 'url(#hatch)' : null);
    put(label, legend[i]?.text ?? '', 24, 0);
  });
}

/** Stripes over the bar of all other tokens, so that colour is not alone in telling it. */
function hatch() {
  const stripes = svg('path', { class: 'stripes', d: 'M-2 2l4-4M0 8l8-8M6 10l4-4' });
  return svg('defs', {}, svg('pattern', { id: 'hatch', width: 8, height: 8, patternUnits: 'userSpaceOnUse' }, svg('rect', { class: 'ground', width: 8, height: 8 }), stripes));
}

// --- the keyboard: one stop for Tab, arrows between bars

function roam(node, bars, pick) {
  let current = 0;
  const stand = index => {
    set(bars[current].hit, 'tabindex', -1);
    current = index;
    set(bars[current].hit, 'tabindex', 0);
  };
  const go = index => {
    const last = bars.findLastIndex(bar => !bar.group.hasAttribute('display'));
    stand(Math.max(0, Math.min(last, index)));
    bars[current].hit.focus();
  };
  const keys = {
    ArrowRight: () => go(current + 1),
    ArrowLeft: () => go(current - 1),
    Home: () => go(0),
    End: () => go(BARS),
    Enter: () => pick(current),
    ' ': () => pick(current),
  };
  node.addEventListener('keydown', event => {
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  bars.forEach(({ group, hit }, index) => {
    hit.addEventListener('focus', () => stand(index));
    group.addEventListener('click', () => (go(index), pick(index)));
  });
  stand(0);
}
