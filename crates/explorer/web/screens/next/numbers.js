// The numbers of the chart as the lines of a CSV file.

const COLUMNS = ['rank', 'token', 'id', 'logit', 'p_raw', 'p_final', 'kept', 'cut_by'];

/**
 * Ranks count from 0.
 * @param {{rows: object[], other?: {n: number, p_raw: number, p_final: number} | null}} result
 * @param {(id: number) => string} token
 * @returns {unknown[][]}
 */
export function numbers({ rows, other }, token) {
  const lines = rows.map(row => COLUMNS.map(name => (name === 'token' ? token(row.id) : row[name])));
  const rest = other?.n > 0 ? [['', `other ${other.n}`, '', '', other.p_raw, other.p_final, '', '']] : [];
  return [COLUMNS, ...lines, ...rest];
}
