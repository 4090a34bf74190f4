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
  const verdictShown = text();
  const choice = createReplacement(app);
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
