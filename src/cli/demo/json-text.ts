const WIDTH = 110

/** JSON indented by two spaces, with everything that fits on one line on one line. */
export function pretty(value: unknown, indent = ''): string {
  const line = onOneLine(value)
  if (indent.length + line.length <= WIDTH || typeof value !== 'object' || value === null) return line
  const deeper = `${indent}  `
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  const members = Array.isArray(value)
    ? value.map((item) => pretty(item, deeper))
    : Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${pretty(member, deeper)}`)
  return `${open}\n${members.map((member) => `${deeper}${member}`).join(',\n')}\n${indent}${close}`
}

/** The members of an answer that the paths name; `items.name` goes through lists. Values are unchanged. */
export function trimmed(value: unknown, paths: readonly string[]): unknown {
  if (paths.includes('')) return value
  if (Array.isArray(value)) return value.map((item) => trimmed(item, paths))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, member]) => [name, member, below(paths, name)] as const)
      .filter(([, , named]) => named.length > 0)
      .map(([name, member, named]) => [name, trimmed(member, named)]),
  )
}

/** The paths of the members that `trimmed` leaves out, each once. */
export function leftOut(value: unknown, paths: readonly string[], parent = ''): string[] {
  if (paths.includes('') || typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return [...new Set(value.flatMap((item) => leftOut(item, paths, parent)))]
  return Object.entries(value).flatMap(([name, member]) => {
    const named = below(paths, name)
    return named.length > 0 ? leftOut(member, named, `${parent}${name}.`) : [`${parent}${name}`]
  })
}

/** What the paths name within a member; the empty path names all of it. */
function below(paths: readonly string[], name: string): string[] {
  return paths.flatMap((path) => {
    if (path === name) return ['']
    return path.startsWith(`${name}.`) ? [path.slice(name.length + 1)] : []
  })
}

function onOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${onOneLine(member)}`)
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}
