// The text on show, a token after the other, each shaded; and the scale by which they are.

import { el, set } from '../../dom.js';
import { createPieces } from '../../text.js';
import { level, value, valueAt } from './shade.js';
import { valueText } from './telling.js';

const MARKS = [0, 0.25, 0.5, 0.75, 1];

/**
 * @param {object} app
 * @param {{onPick: (index: number) => void}} listeners
 * @returns {{node: HTMLElement, show: (view: {key: string, ids: number[], tokens: object[], measure: string, chosen: number | null, growing: boolean}) => void, focus: (index: number) => void}}
 *     `key` names what does not change but by growing
 */
export function createShown(app, { onPick }) {
  const { t } = app;
  const given = el('span', { class: 'given' });
  const made = el('span', { role: 'group', 'aria-label': t('generated') });
  const cursor = el('span', { class: 'cursor', 'aria-hidden': 'true' });
  const node = el('p', { class: 'shown' }, given, made, cursor);
  const spans = [];
  const state = { key: null, current: 0, chosen: null };
  const stand = roam(made, spans, state, onPick);
  const begin = ({ key, ids }) => {
    Object.assign(state, { key, current: 0, chosen: null });
    spans.length = 0;
    given.replaceChildren(...ids.flatMap(givenToken(app)));
    made.replaceChildren();
  };
  return {
    node,
    show(view) {
      if (view.key !== state.key) begin(view);
      for (let i = spans.length; i < view.tokens.length; i++) {
        const [gap, span] = madeToken(app, view, i);
        made.append(gap, span);
        spans.push(span);
      }
      set(cursor, 'hidden', !view.growing);
      mark(spans, state, view.chosen);
      stand(Math.min(view.chosen ?? state.current, Math.max(0, spans.length - 1)));
    },
    focus: index => spans[index]?.focus(),
  };
}

function givenToken({ meta, vocab }) {
  const piece = createPieces(meta, vocab);
  return (id, i) => {
    const { text, special, gap } = piece(id, i);
    return [gap, el('bdi', { class: special ? 'special' : null }, text)];
  };
}

function madeToken({ meta, vocab, t, f }, { ids, tokens, measure }, i) {
  const { token, owner } = tokens[i];
  const { text, special, gap } = createPieces(meta, vocab)(token.id, ids.length + i);
  const shaded = measure === 'off' ? 'surprisal' : measure;
  const name = t('made_token', { n: f.integer(i + 1), token: text, what: t(`shade_${shaded}`), value: valueText(shaded, value(shaded, token), f) });
  const kinds = ['made', special && 'special', token.by_hand && 'by-hand', measure === 'off' && 'bare'].filter(Boolean).join(' ');
  const told = token.by_hand ? `${name}, ${t('by_hand')}` : name;
  const span = el('span', { role: 'button', class: kinds, tabindex: -1, 'aria-label': told, 'aria-pressed': 'false', title: told, 'data-branch': owner.id }, el('bdi', {}, text));
  if (measure !== 'off') span.style.setProperty('--level', level(measure, value(measure, token), meta.vocab_size).toFixed(4));
  return [gap, span];
}

function mark(spans, state, chosen) {
  if (state.chosen !== chosen && spans[state.chosen]) set(spans[state.chosen], 'aria-pressed', 'false');
  if (spans[chosen]) set(spans[chosen], 'aria-pressed', 'true');
  state.chosen = chosen;
}

/** One stop for Tab, arrows between tokens. */
function roam(made, spans, state, onPick) {
  const stand = index => {
    if (spans[state.current]) set(spans[state.current], 'tabindex', -1);
    state.current = index;
    if (spans[index]) set(spans[index], 'tabindex', 0);
  };
  const go = index => {
    stand(Math.max(0, Math.min(spans.length - 1, index)));
    spans[state.current]?.focus();
  };
  const back = () => go(state.current - 1);
  const on = () => go(state.current + 1);
  const pick = () => onPick(state.current);
  const keys = { ArrowRight: on, ArrowDown: on, ArrowLeft: back, ArrowUp: back, Home: () => go(0), End: () => go(spans.length), Enter: pick, ' ': pick };
  made.addEventListener('keydown', event => {
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  made.addEventListener('click', event => {
    const index = spans.indexOf(event.target.closest('.made'));
    if (index >= 0) go(index), onPick(index);
  });
  return stand;
}

/** The scale: five marks with their numbers. @returns {{node: HTMLElement, show: (measure: string) => void}} */
export function createScale({ t, f, meta }) {
  const node = el('p', { class: 'scale' });
  const show = measure => {
    set(node, 'hidden', measure === 'off');
    if (measure === 'off') return;
    const marks = MARKS.map(at => {
      const mark = el('span', { class: 'made' }, valueText(measure, valueAt(measure, at, meta.vocab_size), f));
      mark.style.setProperty('--level', String(at));
      return mark;
    });
    node.replaceChildren(el('span', {}, t(`shade_${measure}`)), ...marks, el('span', { class: 'note' }, t('scale_note')));
  };
  return { node, show };
}
