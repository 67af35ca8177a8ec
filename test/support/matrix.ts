import type { Whose } from '../../src/http/whose.ts'
import type { Caller, Cast } from './cast.ts'
import { type Objects, type Route, routesOf } from './routes.ts'
import type { Answer, Service } from './service.ts'

/** One call of the matrix, with the one answer that it must have. */
export interface Case {
  name: string
  route: Route
  caller: Caller
  relation: keyof Cast['objects']
  expected: Expected
}

interface Expected {
  status: number
  /** Of a refusal. */
  code?: string
}

const UNAUTHENTICATED = { status: 401, code: 'unauthenticated' }
const FORBIDDEN = { status: 403, code: 'forbidden' }
const NOT_FOUND = { status: 404, code: 'not_found' }

/** What each word of a policy means for one who asks about objects that it does not reach. */
const beyond: Record<Whose, Expected | undefined> = {
  any: undefined,
  self: undefined,
  listed: undefined,
  own: NOT_FOUND,
  remit: NOT_FOUND,
  acting: FORBIDDEN,
  asking: undefined,
  asked: NOT_FOUND,
  party: NOT_FOUND,
  client: undefined,
  itself: FORBIDDEN,
  territory: FORBIDDEN,
}

/**
 * Every route of the service as every caller of the cast asks it, about every kind of object that makes a difference.
 */
export function casesOf(service: Service, { objects, callers }: Cast): Case[] {
  return callers.flatMap((caller) => {
    const asked = new Set<string>()
    return Object.entries(objects).flatMap(([relation, named]) =>
      routesOf(service.app, named, caller.role).flatMap((route) => {
        const request = JSON.stringify([route.name, route.path, route.body])
        const expected = expectedOf(route, caller, named)
        const isIdle = asked.has(request) || (relation === 'none' && tellsOfNone(route, caller, expected))
        asked.add(request)
        const name = `${route.name} of ${relation} as ${caller.name}`
        return isIdle ? [] : [{ name, route, caller, relation: relation as Case['relation'], expected }]
      }),
    )
  })
}

/** Who may ask about anything learns that it is not there, and of published rules whoever publishes them. */
function tellsOfNone({ policy }: Route, { role, refused, lacksScope }: Caller, { code }: Expected): boolean {
  const isTerritory = policy !== 'public' && role !== undefined && policy[role] === 'territory'
  return code === undefined || (isTerritory && !refused && !lacksScope)
}

function expectedOf(
  { policy, status, path }: Route,
  { role, refused, lacksScope, byGrant, reaches, ofAnotherProfession }: Caller,
  objects: Objects,
): Expected {
  if (policy === 'public') return { status }
  if (role === undefined || refused === 'unauthenticated') return UNAUTHENTICATED
  const whose = policy[role]
  if (whose === undefined || (lacksScope && policy.scope !== null)) return FORBIDDEN
  if (refused) return { status: 403, code: refused }
  if ((whose === 'itself' || whose === 'asked') && byGrant) return FORBIDDEN
  if ((whose === 'asking' || whose === 'client') && !byGrant) return FORBIDDEN
  if (whose === 'party' && byGrant) return NOT_FOUND // What another client asked for.
  if (whose === 'remit' && ofAnotherProfession && isAboutPerson(path)) return NOT_FOUND
  if (whose === 'territory' && ofAnotherProfession && path.endsWith('/withdrawal')) return FORBIDDEN
  const isReached = {
    pharmacy: objects.pharmacy,
    professional: objects.professional,
    regulator: objects.territory,
    admin: '',
  }
  return reaches.includes(isReached[role]) ? { status } : (beyond[whose] ?? { status })
}

/** Whether what is asked about is somebody's: the stock of a pharmacy has no profession. */
function isAboutPerson(path: string): boolean {
  return /^\/v1\/(professionals|dispensations)\/|^\/v1\/ledger\/inclusion-proof/.test(path)
}

/** Asks as a case says. */
export async function ask({ call }: Service, { route, caller }: Case): Promise<Answer> {
  const scope = route.policy === 'public' ? 'stock:read' : (route.policy.scope ?? 'stock:read')
  return call(route.method, route.path, { token: await caller.token(scope), body: route.body, key: true })
}

/** What is wrong with an answer; undefined where nothing is. */
export function wrongIn({ name, expected }: Case, { status, body }: Answer): string | undefined {
  const isRight = status === expected.status && (expected.code === undefined || body.code === expected.code)
  return isRight ? undefined : `${name}: ${status} ${body?.code ?? ''}, not ${expected.status} ${expected.code ?? ''}`
}
