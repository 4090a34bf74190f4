'use strict';

/* The page is whole without this script: it only adds a read-out to the charts and a slider to the samples. */

/** The index of the entry of `steps`, which ascend, that is nearest to `step`. */
function nearest(steps, step) {
  let [low, high] = [0, steps.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < step) low = middle + 1;
    else high = middle;
  }
  return low > 0 && step - steps[low - 1] < steps[low] - step ? low - 1 : low;
}

/** The values at the pointer, or at the step that the arrow keys have come to, in place of the last ones. */
function readOut(figure, { from, to, lines }) {
  const plot = figure.querySelector('.plot');
  const cursor = figure.querySelector('.cursor');
  const at = figure.querySelector('.at');
  const entries = [...figure.querySelectorAll('.legend li')].slice(0, lines.length);
  const values = entries.map((entry) => entry.querySelector('output'));
  const last = values.map((value) => value.textContent);
  const { steps } = lines.reduce((most, line) => (line.steps.length > most.steps.length ? line : most));
  let place = steps.length - 1;

  function show(index) {
    place = Math.min(Math.max(index, 0), steps.length - 1);
    const step = steps[place];
    const x = `${(100 * (step - from)) / (to - from)}%`;
    cursor.setAttribute('x1', x);
    cursor.setAttribute('x2', x);
    lines.forEach((line, i) => { values[i].textContent = line.words[nearest(line.steps, step)]; });
    at.textContent = `step ${step.toLocaleString('en')}`;
    const words = entries.map((entry) => entry.textContent.trim());
    plot.setAttribute('aria-valuenow', place);
    plot.setAttribute('aria-valuetext', [at.textContent, ...words].join(', '));
    figure.classList.add('reading');
  }

  function rest() {
    values.forEach((value, i) => { value.textContent = last[i]; });
    at.textContent = '';
    figure.classList.remove('reading');
  }

  const moves = {
    ArrowLeft: () => place - 1,
    ArrowRight: () => place + 1,
    PageDown: () => place - 20,
    PageUp: () => place + 20,
    Home: () => 0,
    End: () => steps.length - 1,
  };
  plot.tabIndex = 0;
  plot.setAttribute('role', 'slider');
  plot.setAttribute('aria-label', `${figure.querySelector('h3').textContent}: values at a step`);
  plot.setAttribute('aria-valuemin', 0);
  plot.setAttribute('aria-valuemax', steps.length - 1);
  plot.setAttribute('aria-valuenow', place);
  plot.addEventListener('keydown', (event) => {
    if (!Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    show(moves[event.key]());
  });
  plot.addEventListener('pointermove', (event) => {
    const { left, width } = plot.firstElementChild.getBoundingClientRect();
    show(nearest(steps, from + ((event.clientX - left) / width) * (to - from)));
  });
  plot.addEventListener('pointerleave', rest);
  plot.addEventListener('blur', rest);
}

/** A slider that shows one step of a timeline at a time; at its left end, all. */
function stepThrough(timeline) {
  const rows = [...timeline.querySelectorAll('tbody tr')];
  if (rows.length < 2) return;
  const label = document.createElement('label');
  const slider = document.createElement('input');
  const shown = document.createElement('output');
  Object.assign(slider, { type: 'range', min: 0, max: rows.length, step: 1, value: 0 });
  label.className = 'stepper';
  label.append('One step at a time ', slider, ' ', shown);
  function show() {
    const chosen = Number(slider.value) - 1;
    rows.forEach((row, i) => { row.hidden = chosen >= 0 && i !== chosen; });
    shown.textContent = chosen < 0 ? 'all steps' : `step ${rows[chosen].cells[0].textContent}`;
    slider.setAttribute('aria-valuetext', shown.textContent);
  }
  slider.addEventListener('input', show);
  timeline.querySelector('table').before(label);
  show();
}

for (const [id, chart] of Object.entries(JSON.parse(document.getElementById('data').textContent))) {
  readOut(document.getElementById(id), chart);
}
document.querySelectorAll('.timeline').forEach(stepThrough);
