import type { FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'

/** The one of a route's media types that the reader prefers; the first if it names none of them. */
export function preferredType<Type extends string>(request: FastifyRequest, types: readonly [Type, ...Type[]]): Type {
  // The library is not told what there is: it would find no `text/csv; charset=utf-8` in it.
  for (const liked of new Negotiator(request).mediaTypes()) {
    const type = liked === '*/*' ? types[0] : types.find((each) => each === liked.toLowerCase())
    if (type) return type
  }
  return types[0]
}
