import { parseArgs } from 'node:util'

/**
 * Every value of an option that may be given several times. citty keeps the last alone, so its own parser is asked
 * again.
 */
export function repeated(rawArgs: readonly string[], name: string): string[] {
  const options = { [name]: { type: 'string', multiple: true } } as const
  const { values } = parseArgs({ args: [...rawArgs], options, strict: false })
  return [values[name] ?? []].flat().filter((value) => typeof value === 'string')
}
