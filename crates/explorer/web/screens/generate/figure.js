// The text on show in its frame: scale, totals, table, files.

import { el, set } from '../../dom.js';
import { csv } from '../../export.js';
import { createFiles } from '../../files.js';
import { visible } from '../../format.js';
import { createFrame } from '../../frame.js';
import { createList } from '../../table.js';
import { createPieces } from '../../text.js';
import { lines, totals } from './numbers.js';
import { measurer, picture } from './picture.js';
import { createMeasure } from './settings.js';
import { level, value, valueAt } from './shade.js';
import { createScale, createShown } from './shown.js';
import { bits, endText, recipeText, valueText } from './telling.js';

/** @typedef {{branch: import('./tree.js').Branch | null, tokens: {token: object, owner: object}[], chosen: number | null, state: object}} View */

/**
 * @param {object} app
 * @param {{onPick: (index: number) => void, record: () => object}} about record: what the JSON file says
 */
export function createFigure(app, { onPick, record }) {
  const { t, f, vocab } = app;
  const text = id => vocab[id]?.text ?? `#${id}`;
  let view = { branch: null, tokens: [], chosen: null, state: app.store.get() };
  const shown = createShown(app, { onPick });
  const scale = createScale(app);
  const measure = createMeasure(app);
  const counts = el('p', { class: 'facts' });
  const told = el('p', { class: 'note' });
  const drawing = el('div', { hidden: true });
  const table = createList({ caption: t('table_caption'), columns: ['position', 'column_token', 'id', 'shade_probability', 'shade_surprisal', 'shade_entropy', 'rank'].map(name => t(name)), heading: 1 });
  const draw = () => {
    drawing.replaceChildren(drawn(app, view));
    return drawing.firstChild;
  };
  const files = createFiles(app, 'text', { chart: draw, csv: () => csv(lines(view.tokens, view.branch?.ids.length ?? 0, text)), record });
  const chart = el('div', {}, shown.node, scale.node);
  const frame = createFrame(app, { name: t('generated_figure'), chart, table: table.node, tableName: t('table_caption'), files });
  const node = el('div', { hidden: true }, measure.node, frame.node, told, counts, drawing);
  return {
    node,
    say: frame.say,
    leave: frame.leave,
    focus: shown.focus,
    show(next) {
      view = next;
      const { branch, tokens, state, chosen } = view;
      measure.show(state);
      set(node, 'hidden', branch === null);
      if (!branch) return;
      frame.busy(!branch.end);
      frame.show(state);
      shown.show({ key: `${branch.id} ${branch.ids.length} ${state.shade}`, ids: branch.ids, tokens, measure: state.shade, chosen, growing: !branch.end });
      scale.show(state.shade);
      told.textContent = `${recipeText(branch.recipe, app)} · ${endText(branch, t)}${cutText(branch, tokens, app)}`;
      counts.replaceChildren(...facts(view, app));
      table.fill(tokens.map(({ token }, i) => row(token, branch.ids.length + i, text, f)));
    },
  };
}

function row(token, position, text, f) {
  const { id, p_raw, surprisal_bits, entropy_bits, rank } = token;
  return [f.integer(position + 1), visible(text(id)), String(id), f.exact(p_raw), bits(surprisal_bits ?? Infinity, f), bits(entropy_bits, f), f.integer(rank + 1)];
}

/** What of it the model no longer reads. */
function cutText({ ids }, tokens, { t, f, meta }) {
  const cut = ids.length + tokens.length - meta.window;
  return cut > 0 ? ` · ${t('context_cut', { n: f.integer(cut) }, cut)}` : '';
}

function facts({ tokens, branch }, { t, f }) {
  const { tokens: n, mean, perplexity, speed } = totals(tokens, branch);
  const fact = (name, value) => el('span', {}, `${name} `, el('b', {}, value));
  const means = n > 0 ? [fact(t('mean_surprisal'), bits(mean, f)), fact(t('perplexity'), Number.isFinite(perplexity) ? f.fixed(perplexity, 1) : '∞')] : [];
  return [fact(t('new_tokens'), f.integer(n)), ...means, ...(speed === null ? [] : [fact(t('speed'), t('a_second', { n: f.fixed(speed, speed < 100 ? 1 : 0) }))])];
}

/** The picture for a file. @param {object} app @param {View} view */
function drawn(app, { branch, tokens, state: { shade } }) {
  const { meta, vocab, f, t } = app;
  const piece = createPieces(meta, vocab);
  const ids = [...branch.ids, ...tokens.map(({ token }) => token.id)];
  const at = i => (i < branch.ids.length || shade === 'off' ? null : level(shade, value(shade, tokens[i - branch.ids.length].token), meta.vocab_size));
  const tiles = ids.map((id, i) => ({ ...piece(id, i), level: at(i) }));
  const scale = shade === 'off' ? [] : [0, 0.25, 0.5, 0.75, 1].map(at => ({ level: at, text: valueText(shade, valueAt(shade, at, meta.vocab_size), f) }));
  return picture(tiles, { title: recipeText(branch.recipe, app), scale, name: t(`shade_${shade}`), theme: themeOnShow(), measure: measurer() });
}

function themeOnShow() {
  const [red = 255] = getComputedStyle(document.body).backgroundColor.match(/\d+/g)?.map(Number) ?? [];
  return red < 128 ? 'dark' : 'light';
}
