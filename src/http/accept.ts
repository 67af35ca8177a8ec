/** Of the media types that a route can answer, the one that an Accept header likes best; the first where it names none. */
export function accepted<Type extends string>(header: string | undefined, types: readonly [Type, ...Type[]]): Type {
  const ranges = (header ?? '')
    .split(',')
    .map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
      const quality = parameters.find((parameter) => parameter.startsWith('q='))
      return { type, quality: quality === undefined ? 1 : Number(quality.slice(2)) }
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
  for (const { type } of ranges) {
    const named = type === '*/*' ? types[0] : types.find((each) => each === type)
    if (named) return named
  }
  return types[0]
}
