// What is asked, and of which model: the parts of a form that every screen has. Each is `{nodes, show(state)}`: what it
// shows follows the state, what it changes goes to it.

import { field, select, slider } from './controls.js';
import { debounce, el, set } from './dom.js';

/** The text that the model continues: one of the run's prompts, or one's own. */
export function createPrompt({ t, meta, store }) {
  let known = null; // what the field and the state agreed on last: typing is not overwritten, and leaving the field is no change
  const write = prompt => {
    later.cancel();
    if (prompt === known) return;
    known = prompt;
    store.change({ prompt, add: [] }, { push: true });
  };
  const later = debounce(write, 400);
  const enter = event => event.key === 'Enter' && write(text.value);
  const text = el('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', oninput: () => later(text.value), onchange: () => write(text.value), onkeydown: enter });
  const list = select([...meta.prompts.map((prompt, i) => [String(i), prompt]), ['own', t('prompts_own')]], value => {
    if (value === 'own') return text.focus();
    text.value = meta.prompts[Number(value)];
    write(text.value);
  });
  const show = ({ prompt }) => {
    const shown = prompt ?? meta.prompts[0] ?? '';
    if (shown !== known) text.value = known = shown;
    const index = meta.prompts.indexOf(shown);
    list.value = index < 0 ? 'own' : String(index);
  };
  return { nodes: [field(t, t('prompts'), t('prompts_help'), list), field(t, t('text'), t('text_help'), text)], show };
}

/** Which checkpoint of the training answers; while it runs there come more, and the last is followed. */
export function createScrubber({ t, f, meta, store }) {
  const steps = () => meta.checkpoints.map(checkpoint => checkpoint.step);
  const change = index => store.change({ step: index === steps().length - 1 ? null : steps()[index] });
  const one = slider({ t, name: t('step'), help: t('step_help'), exact: false, onInput: change });
  const words = ({ step, val_loss }) =>
    val_loss == null ? t('step_value', { step: f.integer(step) }) : t('step_value_loss', { step: f.integer(step), loss: f.fixed(val_loss, 3) });
  return {
    nodes: [one.node],
    show({ step }) {
      const last = steps().length - 1;
      const found = step === null ? last : steps().indexOf(step);
      one.limit({ min: 0, max: Math.max(0, last), step: 1 });
      set(one.node, 'hidden', last < 1);
      one.show(found < 0 ? last : found, found < 0 ? t('step_value', { step: f.integer(step ?? 0) }) : words(meta.checkpoints[found]));
    },
  };
}

/** The seed of the draws. `seed_help` are the screen's own words. */
export function createSeed({ t, store }) {
  const change = event => /^\d{1,20}$/.test(event.target.value) && store.change({ seed: event.target.value });
  const input = el('input', { type: 'text', inputmode: 'numeric', pattern: '[0-9]{1,20}', maxlength: 20, required: true, oninput: change });
  const show = ({ seed }) => {
    if (document.activeElement !== input) input.value = seed;
  };
  return { nodes: [field(t, t('seed'), t('seed_help'), input)], show };
}

/** The step that the state means: the newest where it names none. @param {import('./state.js').State} state */
export function stepOf({ step }, { checkpoints }) {
  return step ?? checkpoints.at(-1)?.step;
}

/** The text that the state means. @param {import('./state.js').State} state */
export function promptOf({ prompt }, { prompts }) {
  return prompt ?? prompts[0] ?? '';
}

/**
 * What the server is to read: the prompt, or, where tokens were appended to it, the ids of all.
 * @param {import('./state.js').State} state
 * @param {{api: object, meta: object}} app
 * @param {AbortSignal} [signal]
 * @returns {Promise<{prompt: string} | {ids: number[]}>}
 */
export async function contextOf(state, { api, meta }, signal) {
  const prompt = promptOf(state, meta);
  if (state.add.length === 0) return { prompt };
  const { ids } = await api.tokenize(prompt, signal);
  return { ids: [...ids, ...state.add] };
}
