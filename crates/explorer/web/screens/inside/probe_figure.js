// The causality probe: which logits move as one token is changed.

import { el, say, words as text } from '../../dom.js';
import { createHeatmap } from './heatmap.js';
import { createPart } from './part.js';
import { moved, scale, verdict } from './probe.js';
import { cells, numbers, power, told } from './probe_lines.js';
import { createProbeRow } from './probe_row.js';
import { createReplacement } from './replacement.js';
import { position, rowsShown, square, telling } from './telling.js';

/** @param {object} app @param {(answer: object) => object} record */
export function createProbe(app, record) {
  const { store } = app;
  const tools = { ...app, tell: telling(app) };
  let [shown, column] = [null, null];
  const words = (row, to) => sentence(shown, row, to, tools);
  const here = () => position(store.get().rw, shown.ids.length);
  const move = (row, to) => {
    column = to;
    return row === here() ? place() : store.change({ rw: row });
  };
  const map = createHeatmap('points', { onMove: move, onLook: (row, to) => part.look(words(row, to)) });
  const part = createPart(app, { name: 'probe', chart: map.node, columns: ['changed', 'looked_at', 'furthest'], lines: () => numbers(shown, [...shown.ids.keys()]), record: () => told(record, shown) });
  const one = createProbeRow(tools, record);
  const place = () => {
    const row = here();
    const to = Math.min(column ?? row, shown.ids.length - 1);
    map.select(row, to, words(row, to));
    part.say(words(row, to));
    part.fill(rowsShown(shown.ids.length, row).flatMap(changed => cells(shown, changed, tools)));
    one.draw(shown, row);
  };
  const judged = createVerdict(tools);
  const choice = createReplacement(app);
  const node = el('div', {}, choice.node, judged.node, part.node, one.node);
  return {
    node,
    busy: on => [part, one].forEach(figure => figure.busy(on)),
    leave: () => [part, one].forEach(figure => figure.leave()),
    show: choice.show,
    draw(answer, state) {
      if (answer !== shown) {
        shown = answer;
        map.draw(heat(answer, tools));
        judged.show(answer);
      }
      place();
      [part, one].forEach(figure => figure.show(state));
    },
  };
}

/** Whether the model reads the future, as a sentence. */
function createVerdict({ t, tell }) {
  const told = text();
  const show = answer => {
    const { key, position: changed, leak } = verdict(answer);
    say(told, t(`verdict_${key}`, { token: tell.at(answer.ids, changed), leak: tell.size(leak) }));
  };
  return { node: el('p', { class: 'verdict', role: 'status' }, told), show };
}

function heat(probe, { t, tell }) {
  const { low, high, share } = scale(probe);
  const labels = tell.labels(probe.ids);
  const ticks = [{ at: 0, text: power(low) }, { at: 1, text: power(high) }];
  return { rows: labels, columns: labels, cell: square(probe.ids.length), share: (row, column) => share(moved(probe, row, column)), ticks, scale: t('moved_scale'), empty: t('not_moved'), diagonal: true, name: t('probe') };
}

function sentence(probe, row, column, { t, tell }) {
  const value = moved(probe, row, column);
  const values = { from: tell.at(probe.ids, row), by: tell.token(probe.replacements[row]), at: tell.at(probe.ids, column), value: tell.size(value) };
  return t(value === 0 ? 'cell_still' : 'cell_moved', values);
}
