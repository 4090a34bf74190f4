// The tree in its frame: what of it is shown, the node that one looks at, the table behind it.

import { slider, toggle, unique } from '../../controls.js';
import { el, say, words } from '../../dom.js';
import { csv } from '../../export.js';
import { createFiles } from '../../files.js';
import { createFrame } from '../../frame.js';
import { createList } from '../../table.js';
import { createChart } from './chart.js';
import { numbers } from './numbers.js';
import { path } from './tree.js';

const COLUMNS = ['step_column', 'group', 'after', 'column_token', 'id', 'logprob', 'total', 'fate'];
const DETAILS = ['so_far', 'logprob', 'total', 'score', 'fate'];

/**
 * @param {object} app
 * @param {ReturnType<import('./telling.js').telling>} tell
 * @param {() => object} record what the JSON file says
 */
export function createFigure(app, tell, record) {
  const { t, vocab } = app;
  const details = createDetails(t, tell);
  const chart = createChart(app, tell, details.show);
  const table = createList({ caption: t('tree'), columns: COLUMNS.map(name => t(name)), heading: 3 });
  let shown = { nodes: [], key: '' };
  const files = createFiles(app, 'beams', { chart: () => chart.node, csv: () => csv(numbers(shown.nodes, id => vocab[id]?.text ?? `#${id}`)), record });
  const frame = createFrame(app, { name: t('tree'), chart: chart.node, table: table.node, tableName: t('tree_table'), files });
  const growth = createGrowth(app);
  const node = el('section', { class: 'beams', 'aria-label': t('tree') }, growth.node, frame.node, details.node);
  const build = (nodes, hide) => {
    shown = { nodes, hide };
    chart.build(nodes.filter(one => !hide || one.kind !== 'pruned'));
    table.fill(nodes.slice(1).map(tell.line));
    details.show(nodes[0]);
  };
  return {
    node,
    busy: frame.busy,
    say: frame.say,
    leave: frame.leave,
    focus: chart.focus,
    /** @param {import('./tree.js').Node[]} nodes @param {import('./tree.js').Node | undefined} best where the best sequence ends */
    draw(nodes, best, state) {
      if (nodes !== shown.nodes || state.hp !== shown.hide) build(nodes, state.hp);
      const steps = nodes.at(-1).depth;
      chart.mark(new Set(path(best ?? null).map(({ id }) => id)), Math.min(state.at ?? steps, steps));
      growth.show(state, steps);
      frame.show(state);
    },
  };
}

/** How much of the search is shown. */
function createGrowth({ t, f, store }) {
  let last = 1;
  const change = value => store.change({ at: value >= last ? null : value });
  const one = slider({ t, name: t('at'), help: t('at_help'), exact: false, onInput: change });
  const hide = toggle(hp => store.change({ hp }), { id: unique('hide') });
  const show = ({ at, hp }, steps) => {
    last = steps;
    one.limit({ min: Math.min(1, steps), max: steps, step: 1 });
    const value = Math.min(at ?? steps, steps);
    one.show(value, t('at_value', { n: f.integer(value), all: f.integer(steps) }));
    hide.checked = hp;
  };
  return { node: el('div', { class: 'growth' }, one.node, el('label', {}, hide, ` ${t('hp')}`)), show };
}

/** All about the node in focus, or under the pointer. */
function createDetails(t, tell) {
  const [title, ...values] = ['', ...DETAILS].map(() => words());
  const entries = DETAILS.map((name, i) => el('div', {}, el('dt', {}, t(name)), el('dd', {}, el('bdi', {}, values[i]))));
  const node = el('section', { class: 'details', 'aria-label': t('details') }, el('h2', {}, `${t('details')}: `, el('bdi', {}, title)), el('dl', {}, ...entries), el('p', { class: 'note' }, t('walk_help')));
  const show = one => {
    say(title, tell.token(one.token));
    tell.details(one).forEach((text, i) => say(values[i], text));
  };
  return { node, show };
}
