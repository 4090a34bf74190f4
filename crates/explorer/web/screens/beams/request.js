// From the page's settings to the search that the server is asked for.

const EARLY = { heuristic: false, at_once: true, never: 'never' };

/** The numbers of groups that divide so many beams. @param {number} beams @returns {number[]} */
export function groupsOf(beams) {
  return Array.from({ length: beams }, (_, i) => i + 1).filter(groups => beams % groups === 0);
}

/** The groups that the state means: those asked for where they divide the beams, else one. */
export function groupsIn({ nb, bg }) {
  return nb % bg === 0 ? bg : 1;
}

/**
 * The body of `POST /beams` but for the text and the step.
 * @param {import('../../state.js').State} state
 * @param {{never_drawn: number[], end_of_text?: number[]}} meta
 */
export function search(state, { never_drawn, end_of_text = [] }) {
  const { nb, nt, lp, es, dp, bs, bt, seed } = state;
  const groups = groupsIn(state);
  const sampling = bs ? { do_sample: true, temperature: bt } : { do_sample: false };
  return {
    config: { max_new_tokens: nt, suppress_tokens: never_drawn, eos_token_id: end_of_text, ...sampling },
    beams: { num_beams: nb, length_penalty: lp, early_stopping: EARLY[es], num_beam_groups: groups, diversity_penalty: groups > 1 ? dp : 0, num_return_sequences: nb },
    ...(bs && { seed }),
  };
}
