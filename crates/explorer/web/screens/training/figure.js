// The curves in their frame: what to see them along, what stands under the cursor, the table behind them, the files.

import { field, select, toggle } from '../../controls.js';
import { el, say, words } from '../../dom.js';
import { csv } from '../../export.js';
import { createFiles } from '../../files.js';
import { createFrame } from '../../frame.js';
import { createPager } from '../../pages.js';
import { createTable } from '../../table.js';
import { createChart } from './chart.js';
import { columns, picture, readout, rows } from './picture.js';

const ROWS = 20;

/**
 * @param {object} app
 * @param {{onCheckpoint: (step: number) => void, chosen: () => number}} listeners
 * @returns {{node: HTMLElement, show: (state: object) => void, draw: (answer: object, state: object) => void, leave: () => void}}
 */
export function createFigure(app, { onCheckpoint, chosen }) {
  const { t, f } = app;
  let answer = null;
  const under = createReadout(app);
  const view = createView(app);
  const look = index => under.show(answer, index);
  const chart = createChart({ t, onLook: look, onCheckpoint: index => onCheckpoint(answer.checkpoints[index].step) });
  const table = createRows(app);
  const record = () => ({ run: app.meta.run, fingerprint: app.meta.fingerprint, ...answer });
  const files = createFiles(app, 'training', { chart: () => chart.node, csv: () => csv(columns(answer)), record });
  const frame = createFrame(app, { name: t('curves'), chart: chart.node, table: table.node, tableName: t('table_name'), files });
  const notes = words();
  const node = el('section', { 'aria-label': t('curves') }, view.node, under.node, frame.node, el('p', { class: 'note' }, notes));
  const show = state => {
    view.show(state);
    frame.show(state);
    table.show(state);
    if (!answer) return;
    const picked = picture(answer, { ...state, chosen: chosen() }, f);
    chart.draw(picked, { axis: t(`along_${state.x}`), legend: legend(answer, picked, app) });
    say(notes, remarks(answer, picked, app));
  };
  const draw = (found, state) => {
    answer = found;
    table.fill(rows(found));
    show(state);
    frame.say(news(found, app));
  };
  return { node, show, draw, leave: frame.leave };
}

function createView({ t, store }) {
  const along = select(['step', 'tokens', 'seconds'].map(x => [x, t(`x_${x}`)]), x => store.change({ x }));
  const logs = ['logx', 'logy'].map(name => [name, toggle(on => store.change({ [name]: on }))]);
  const node = el('form', { class: 'settings', onsubmit: event => event.preventDefault() }, field(t, t('x'), t('x_help'), along), ...logs.map(([name, box]) => field(t, t(name), t(`${name}_help`), box)));
  const show = state => {
    along.value = state.x;
    logs.forEach(([name, box]) => (box.checked = state[name]));
  };
  return { node, show };
}

/** What stands under the cursor; with none, at the newest point. */
function createReadout({ t, f }) {
  const names = ['step', 'loss', 'average', 'held_out', 'perplexity', 'lr', 'grad_norm', 'tokens', 'time'];
  const cells = new Map(names.map(name => [name, words('–')]));
  const node = el('dl', { class: 'facts readout', 'aria-label': t('readout') }, ...names.map(name => el('div', {}, el('dt', {}, t(`read_${name}`)), el('dd', {}, cells.get(name)))));
  const show = (answer, index) => {
    const last = answer.series.step.length - 1;
    if (last < 0) return t('no_points');
    const found = readout(answer, Math.min(index ?? last, last), { t, f });
    found.forEach(([name, text]) => say(cells.get(name), text));
    return found.map(([name, text]) => `${t(`read_${name}`)} ${text}`).join('; ');
  };
  return { node, show };
}

/** Newest first, by pages, so that a long run makes no long table. */
function createRows({ t, f }) {
  let all = [];
  let offset = 0;
  const table = createTable({ caption: t('table_caption'), columns: ['step', 'loss', 'average', 'held_out', 'perplexity'].map(name => t(`read_${name}`)), rows: ROWS });
  const pager = createPager({ t }, { name: t('table_name'), limit: ROWS, onTurn: to => ((offset = to), turn()) });
  const number = (value, missing) => (value === null ? missing : f.fixed(value, 4));
  const line = row => [f.integer(row.step), number(row.loss, t('not_finite')), number(row.average, t('not_finite')), number(row.held_out, '–'), row.perplexity === null ? '–' : f.perplexity(row.perplexity)];
  const turn = () => {
    table.fill(all.slice(offset, offset + ROWS).map(line));
    pager.show(offset, all.length, (from, to) => t('rows_shown', { from: f.integer(from), to: f.integer(to), all: f.integer(all.length) }));
  };
  return {
    node: el('div', {}, table.node, pager.node),
    show: state => (pager.node.hidden = !state.table),
    fill(rows) {
      all = rows.toReversed();
      turn();
    },
  };
}

function legend({ series, rows, window, floor, evals }, picked, { t, f }) {
  const thinned = rows > series.step.length;
  const entries = [
    { kind: 'loss', text: t(thinned ? 'legend_loss_thinned' : 'legend_loss') },
    thinned && { kind: 'band', text: t('legend_band') },
    { kind: 'average', text: t('legend_average', { n: f.integer(window) }) },
    evals.length > 0 && { kind: 'held', text: t('legend_held') },
    floor && { kind: 'floor', text: t('legend_floor', { nats: f.fixed(floor.nats, 3) }) },
    picked.panels.loss.paths.beyond !== '' && { kind: 'beyond', text: t('legend_beyond') },
  ];
  return entries.filter(Boolean);
}

/** Beneath the picture: what its lines are, to the letter. */
function remarks({ series, rows, window }, { leftOut }, { t, f }) {
  const points = series.step.length;
  const sentences = [t('average_is', { n: f.integer(window) })];
  if (rows > points) sentences.push(t('thinned', { points: f.integer(points), rows: f.integer(rows), each: f.integer(Math.ceil(rows / points)) }));
  if (leftOut > 0) sentences.push(t('left_out', { n: f.integer(leftOut) }, leftOut));
  return [...sentences, t('keys')].join(' ');
}

/** For who listens: the newest evaluation, not every step. */
function news({ evals, state }, { t, f }) {
  const last = evals.at(-1);
  const told = last && Number.isFinite(last.val_loss) ? t('said', { step: f.integer(last.step), loss: f.fixed(last.val_loss, 3) }) : '';
  return `${t(`state_${state}`)}. ${told}`;
}
