// The causality probe: which logits move as one token is changed.

import { field, unique } from '../../controls.js';
import { el, say, set, svg, words as text } from '../../dom.js';
import { colour } from '../../ramp.js';
import { meant, offers, written } from './choice.js';
import { LEFT, createHeatmap } from './heatmap.js';
import { createPart } from './part.js';
import { moved, scale, verdict } from './probe.js';
import { position, rowsShown, square, telling } from './telling.js';

const BARS = { height: 150, top: 14, bottom: 96 };

/** @param {object} app @param {(answer: object) => object} record */
export function createProbe(app, record) {
  const { t, store } = app;
  const tell = telling(app);
  let shown = null;
  let column = null;
  const tools = { ...app, tell };
  const words = (row, to) => sentence(shown, row, to, tools);
  const here = () => position(store.get().rw, shown.ids.length);
  const move = (row, to) => {
    column = to;
    if (row === here()) place();
    else store.change({ rw: row });
  };
  const map = createHeatmap('points', { onMove: move, onLook: (row, to) => part.look(words(row, to)) });
  const bars = svg('svg', { class: 'moves', role: 'img', tabindex: 0 });
  const all = () => shown.ids.map((_, row) => row);
  const part = createPart(app, { name: 'probe', chart: map.node, columns: ['changed', 'looked_at', 'furthest'], lines: () => numbers(shown, all()), record: () => told(record, shown) });
  const one = createPart(app, { name: 'probe_row', chart: bars, columns: ['looked_at', 'furthest'], lines: () => numbers(shown, [here()]), record: () => ({ ...told(record, shown), row: here() }) });
  const place = () => {
    const row = here();
    const to = Math.min(column ?? row, shown.ids.length - 1);
    map.select(row, to, words(row, to));
    part.say(words(row, to));
    part.fill(rowsShown(shown.ids.length, row).flatMap(changed => cells(shown, changed, tools)));
    drawBars(bars, shown, row, tools);
    one.say(bars.getAttribute('aria-label'));
    one.fill(cells(shown, row, tools).map(line => line.slice(1)));
  };
  const verdictShown = text();
  const choice = createChoice(app);
  const node = el('div', {}, choice.node, el('p', { class: 'verdict', role: 'status' }, verdictShown), part.node, one.node);
  return {
    node,
    busy: on => [part, one].forEach(figure => figure.busy(on)),
    leave: () => [part, one].forEach(figure => figure.leave()),
    show: choice.show,
    draw(answer, state) {
      if (answer !== shown) {
        shown = answer;
        map.draw(heat(answer, tools));
        const { key, position: changed, leak } = verdict(answer);
        say(verdictShown, t(`verdict_${key}`, { token: tell.at(answer.ids, changed), leak: tell.size(leak) }));
      }
      place();
      [part, one].forEach(figure => figure.show(state));
    },
  };
}

/** The token that takes the place of each: the server's choice, or one of the vocabulary. */
function createChoice({ t, vocab, store }) {
  const list = el('datalist', { id: unique('tokens') });
  const offer = given => list.replaceChildren(...offers(given, vocab).map(id => el('option', { value: written(id, vocab[id].text) })));
  const change = given => {
    const id = given === '' ? null : meant(given, vocab);
    input.setCustomValidity(given !== '' && id === null ? t('no_such_token') : '');
    if (given === '' || id !== null) store.change({ rp: id });
  };
  const input = el('input', { type: 'text', list: list.id, autocomplete: 'off', spellcheck: 'false', placeholder: t('rp_start'), oninput: () => offer(input.value), onfocus: () => offer(input.value), onchange: () => change(input.value) });
  const node = el('form', { onsubmit: event => event.preventDefault() }, field(t, t('rp'), t('rp_help'), input), list);
  const show = ({ rp }) => {
    if (document.activeElement !== input) input.value = rp === null ? '' : written(rp, vocab[rp]?.text ?? '');
  };
  return { node, show };
}

function heat(probe, { t, tell }) {
  const { low, high, share } = scale(probe);
  const labels = tell.labels(probe.ids);
  const ticks = [{ at: 0, text: power(low) }, { at: 1, text: power(high) }];
  return { rows: labels, columns: labels, cell: square(probe.ids.length), share: (row, column) => share(moved(probe, row, column)), ticks, scale: t('moved_scale'), empty: t('not_moved'), diagonal: true, name: t('probe') };
}

function power(exponent) {
  return exponent >= 0 && exponent < 5 ? String(10 ** exponent) : `1e${exponent}`;
}

function sentence(probe, row, column, { t, tell }) {
  const value = moved(probe, row, column);
  const values = { from: tell.at(probe.ids, row), by: tell.token(probe.replacements[row]), at: tell.at(probe.ids, column), value: tell.size(value) };
  return t(value === 0 ? 'cell_still' : 'cell_moved', values);
}

function cells(probe, row, { tell }) {
  return probe.ids.map((_, column) => [tell.at(probe.ids, row), tell.at(probe.ids, column), tell.size(moved(probe, row, column))]);
}

function numbers(probe, rows) {
  const line = (row, column) => [row, probe.ids[row], probe.replacements[row], column, probe.ids[column], moved(probe, row, column)];
  return [['changed', 'changed_id', 'replacement_id', 'position', 'id', 'moved'], ...rows.flatMap(row => probe.ids.map((_, column) => line(row, column)))];
}

function told(record, probe) {
  const { replacements, leak, effect, sees_the_future } = probe;
  return { ...record(probe), replacements, leak, effect, sees_the_future, moved: Array.from(probe.moved) };
}

/** Under the columns of the picture: how far each logit moved, and a 0 where none did. */
function drawBars(node, probe, row, { t, tell }) {
  const { width } = square(probe.ids.length);
  const { low, high, share } = scale(probe);
  const size = { width: Math.max(460, LEFT + probe.ids.length * width + 40), height: BARS.height };
  set(node, 'viewBox', `0 0 ${size.width} ${size.height}`);
  Object.entries(size).forEach(([name, value]) => set(node, name, value));
  set(node, 'aria-label', t('row_of', { token: tell.at(probe.ids, row), by: tell.token(probe.replacements[row]) }));
  const marks = [[low, BARS.bottom], [high, BARS.top + 8]].map(([exponent, y]) => svg('text', { class: 'row', x: LEFT - 6, y }, power(exponent)));
  const one = (_, column) => bar(share(moved(probe, row, column)), LEFT + column * width, width, column === row);
  const labels = tell.labels(probe.ids).map((label, i) => svg('text', { class: i === row ? 'column here' : 'column', 'text-anchor': 'end', transform: `translate(${LEFT + (i + 0.5) * width + 3} ${BARS.bottom + 12}) rotate(-50)` }, label));
  node.replaceChildren(...marks, svg('path', { class: 'axis', d: `M${LEFT} ${BARS.top}V${BARS.bottom}H${LEFT + probe.ids.length * width}` }), ...probe.ids.map(one), ...labels);
}

function bar(share, x, width, isChanged) {
  if (share === null) return svg('text', { class: 'zero', x: x + width / 2, y: BARS.bottom - 4 }, '0');
  const height = Math.max(2, share * (BARS.bottom - BARS.top));
  return svg('rect', { class: isChanged ? 'moved changed' : 'moved', x: x + 1.5, y: BARS.bottom - height, width: width - 3, height, fill: colour(share) });
}
