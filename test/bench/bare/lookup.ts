/**
 * A pgbench expression that gives the nth of some numbers: a tree of cases, as pgbench has no lists. The index is a
 * variable that lies within the list.
 */
export function lookup(variable: string, values: readonly number[], from = 0): string {
  if (values.length <= 1) return String(values[0])
  const half = Math.ceil(values.length / 2)
  const [low, high] = [lookup(variable, values.slice(0, half), from), lookup(variable, values.slice(half), from + half)]
  return `case when :${variable} < ${from + half} then ${low} else ${high} end`
}
