/** An OpenAPI document whose operations hold their parameters and answers themselves instead of referring to them. */
export function dereferenced<Doc extends object>(document: Doc): Doc {
  const { paths, components } = document as Record<'paths' | 'components', Record<string, Record<string, object>>>
  const follow = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(follow)
    const [, kind, name] = /^#\/components\/(parameters|responses)\/(.*)$/.exec(String(Object(value).$ref)) ?? []
    if (kind !== undefined && name !== undefined) return components?.[kind]?.[name]
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, follow(each)]))
  }
  return { ...document, paths: follow(paths) }
}
