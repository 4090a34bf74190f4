// A figure of this screen: a picture, a sentence under it, the table behind it and its files.

import { el, say, words } from '../../dom.js';
import { csv } from '../../export.js';
import { createFiles } from '../../files.js';
import { createFrame } from '../../frame.js';
import { createList } from '../../table.js';

/**
 * @param {object} app
 * @param {{name: string, chart: SVGSVGElement, columns: string[], heading?: number, lines: () => unknown[][], record: () => object}} about
 *     name: a word of the screen, and of the files; lines: of the CSV file
 */
export function createPart(app, { name, chart, columns, heading = 0, lines, record }) {
  const { t } = app;
  const table = createList({ caption: t(name), columns: columns.map(column => t(column)), heading });
  const files = createFiles(app, name.replace('_', '-'), { chart: () => chart, csv: () => csv(lines()), record });
  const frame = createFrame(app, { name: t(name), chart, table: table.node, tableName: t(`${name}_table`), files });
  const told = words();
  const sentence = el('p', { class: 'told', 'aria-hidden': 'true' }, el('bdi', {}, told));
  frame.node.children[0].after(sentence);
  return {
    node: frame.node,
    busy: frame.busy,
    leave: frame.leave,
    fill: table.fill,
    show: frame.show,
    /** Under the picture alone. */
    look: text => say(told, text),
    /** Under the picture, and to who listens. */
    say(text) {
      say(told, text);
      frame.say(text);
    },
  };
}
