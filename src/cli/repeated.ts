/** Every value of an option that may be given several times: citty keeps only the last. */
export function repeated(rawArgs: readonly string[], name: string): string[] {
  return rawArgs.flatMap((arg, index) => {
    if (arg === `--${name}`) return rawArgs[index + 1] ?? []
    return arg.startsWith(`--${name}=`) ? arg.slice(name.length + 3) : []
  })
}
