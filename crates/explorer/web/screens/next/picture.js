// What the chart and the table say about a result: words and heights, no elements.

import { plain, shorten, visible } from '../../format.js';

/** @typedef {{id: number, label: string, name: string, text: string, reason: string, percent: number, raw: number | null,
 *             kept: boolean}} Bar  percent and raw from 0 to 100 */
/** @typedef {{title: string[], axis: string, top: number, bars: Bar[], legend: {kind: string, text: string}[],
 *             rest: {label: string, name: string, text: string, percent: number, raw: number} | null}} Picture */

/**
 * @param {ReturnType<import('../../strategy.js').apply>} result
 * @param {import('../../state.js').State} state
 * @param {{t: Function, f: ReturnType<import('../../format.js').formats>, token: (id: number) => string, context: string}} words
 * @returns {Picture}
 */
export function picture(result, state, { t, f, token, context }) {
  const whole = state.mode === 'whole';
  const bars = result.rows.map(row => bar(row, whole, t, f, visible(token(row.id))));
  const highest = Math.max(...bars.map(({ percent, raw }) => Math.max(percent, raw ?? 0)));
  return {
    title: title(state, whole, t, f, context),
    axis: t('axis'),
    top: highest * 1.25 + 2,
    bars,
    rest: result.other?.n > 0 ? rest(result.other, t, f) : null,
    legend: legend(whole, result.other?.n > 0, t),
  };
}

/** Why a token is in or out. */
export function fate({ kept, cut_by }, t) {
  return t(kept ? 'fate_kept' : `cut_by_${cut_by}`);
}

function bar(row, whole, t, f, token) {
  const why = fate(row, t);
  return {
    id: row.id,
    label: shorten(token, 14),
    name: t('bar', { rank: row.rank + 1, token, percent: f.percent(row.p_final), fate: why }),
    text: row.kept ? f.percent(row.p_final) : 'X',
    reason: whole && !row.kept ? why : '',
    percent: Math.fround(row.p_final * 100),
    raw: whole ? row.p_raw * 100 : null,
    kept: row.kept,
  };
}

function rest({ n, p_raw, p_final }, t, f) {
  const label = t('other', { n: f.integer(n) }, n);
  const text = f.percent(p_final);
  return { label, text, name: t('other_bar', { name: label, percent: text }), percent: p_final * 100, raw: p_raw * 100 };
}

function title({ t: temperature, k, p, min_p, typical_p }, whole, t, f, context) {
  const off = (value, none, digits) => (value === none ? t('off') : f.fixed(value, digits));
  const second = whole
    ? t('title_2_whole', { t: f.fixed(temperature, 1), k: off(k, 0, 0), p: off(p, 1, 2), min_p: off(min_p, 0, 2), typical_p: off(typical_p, 1, 2) })
    : t('title_2', { t: f.fixed(temperature, 1), k: f.fixed(k, 0), p: f.fixed(p, 2) });
  return [t('title_1', { prompt: tail(plain(context), 80) }), second];
}

function tail(text, most) {
  const characters = Array.from(text);
  return characters.length <= most ? text : `…${characters.slice(1 - most).join('')}`;
}

function legend(whole, others, t) {
  if (!whole) return [{ kind: 'kept', text: t('available') }, { kind: 'cut', text: t('filtered') }];
  const entries = [{ kind: 'kept', text: t('available') }, { kind: 'cut', text: t('cut') }, { kind: 'raw', text: t('outline') }];
  return others ? [...entries, { kind: 'rest', text: t('rest') }] : entries;
}

/** The cells of the table behind the chart, and of its CSV: texts for people. */
export function tableRows(result, state, { t, f, token }) {
  const rows = result.rows.map(row => [
    f.integer(row.rank + 1),
    visible(token(row.id)),
    String(row.id),
    Number.isFinite(row.logit) ? f.fixed(row.logit, 3) : '−∞',
    row.p_raw === undefined ? '–' : f.exact(row.p_raw),
    state.mode === 'whole' ? f.exact(row.p_final) : f.percent(row.p_final),
    fate(row, t),
  ]);
  const { other } = result;
  return other?.n > 0 ? [...rows, ['', t('other', { n: f.integer(other.n) }, other.n), '', '', f.exact(other.p_raw), f.exact(other.p_final), '']] : rows;
}

/** One sentence for who listens. */
export function sentence(result, { t, f, token }) {
  const best = result.rows.find(row => row.kept);
  if (!best) return '';
  const all = result.rows.length + (result.other?.n ?? 0);
  return t('said', { kept: f.integer(result.kept), all: f.integer(all), token: visible(token(best.id)), percent: f.percent(best.p_final) });
}
