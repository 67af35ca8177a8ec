/** The nth RPPS number of the tests' own range, with its key. */
export function rpps(n: number): string {
  return withLuhnKey(`997${String(n).padStart(7, '0')}`)
}

/** The nth FINESS number of a department, with its key. */
export function finess(n: number, department = '31'): string {
  return withLuhnKey(`${department}9${String(n).padStart(5, '0')}`)
}

/** An ADELI number; its key is not public. */
export function adeli(n: number): string {
  return `316${String(n).padStart(6, '0')}`
}

function withLuhnKey(digits: string): string {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return `${digits}${(10 - (sum % 10)) % 10}`
}
