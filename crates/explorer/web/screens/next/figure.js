// The chart of the next token in its frame.

import { csv } from '../../export.js';
import { createFiles } from '../../files.js';
import { createFrame } from '../../frame.js';
import { createTable } from '../../table.js';
import { createChart } from './chart.js';
import { numbers } from './numbers.js';
import { picture, sentence, tableRows } from './picture.js';

/**
 * @param {object} app
 * @param {{onPick: (id: number) => void, record: () => object}} about record: what the JSON file says
 */
export function createFigure(app, { onPick, record }) {
  const { t, f, vocab } = app;
  const token = id => vocab[id]?.text ?? `#${id}`;
  const telling = { t, f, token };
  const chart = createChart({ onPick });
  const table = createTable({ caption: t('chart'), columns: ['rank', 'column_token', 'id', 'logit', 'before', 'after', 'fate'].map(name => t(name)), rows: 16, heading: 1 });
  const files = createFiles(app, 'next-token', { chart: () => chart.node, csv: () => csv(numbers(record().result, token)), record });
  const frame = createFrame(app, { name: t('chart'), chart: chart.node, table: table.node, tableName: t('table_name'), files });
  return {
    node: frame.node,
    busy: frame.busy,
    move: chart.move,
    leave: frame.leave,
    draw(result, state, context) {
      chart.draw(picture(result, state, { ...telling, context }));
      table.fill(tableRows(result, state, telling), i => result.rows[i]?.kept === false);
      frame.say(sentence(result, telling));
      frame.show(state);
    },
  };
}
