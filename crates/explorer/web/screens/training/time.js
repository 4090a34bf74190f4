// Seconds as people say them: “48 s”, “3 min 20 s”, “1 h 05 min”, “2 d 3 h”.

/** @param {number} seconds @param {{fixed: Function, integer: Function}} f */
export function duration(seconds, f) {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  if (seconds < 9.95) return `${f.fixed(seconds, 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return two(whole, 60, 'min', 's');
  const minutes = Math.round(whole / 60);
  if (minutes < 1440) return two(minutes, 60, 'h', 'min');
  const hours = Math.round(minutes / 60);
  return `${f.integer(Math.floor(hours / 24))} d ${hours % 24} h`;
}

function two(n, base, large, small) {
  return `${Math.floor(n / base)} ${large} ${String(n % base).padStart(2, '0')} ${small}`;
}

/** For an axis: short, and nothing of what is 0. @param {number} seconds */
export function tick(seconds, f) {
  if (seconds === 0) return '0';
  if (seconds < 60) return `${f.upTo(seconds, 2)} s`;
  if (seconds < 3600) return `${f.upTo(seconds / 60, 1)} min`;
  return seconds < 86400 ? `${f.upTo(seconds / 3600, 1)} h` : `${f.upTo(seconds / 86400, 1)} d`;
}
