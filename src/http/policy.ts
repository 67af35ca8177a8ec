import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { phrase } from '../domain/language.ts'
import { type Caller, pharmacyFor, type Role, roles } from './caller.ts'
import { Problem } from './problem.ts'
import { type Scope, scopes } from './scopes.ts'
import { namedPharmacy, placeOfPharmacy, words, wordsOf } from './whose.ts'

/** The roles that may call a route, and whose objects each of them can reach; other roles get 403. */
export type RolePolicy = { [R in Role]?: (typeof wordsOf)[R][number] } & {
  /** The scope that a machine's token needs as well. */
  scope: Scope
}

/**
 * Who may call a route: anybody, without a token, or these roles.
 * @internal
 */
export type Policy = 'public' | RolePolicy

declare module 'fastify' {
  interface FastifyContextConfig {
    policy?: Policy
    /** Where its requests name their pharmacy, if they do; told by its schema. */
    namesPharmacyIn?: ReturnType<typeof placeOfPharmacy>
    /** A route that answers even when the service sheds load. */
    answersUnderLoad?: boolean
  }
  interface FastifyRequest {
    /** The pharmacy that the request is for, if the policy lets the caller act for one. */
    pharmacy: string
  }
}

/** Every role and any object: what any token may read. */
export const everyone = { pharmacy: 'any', professional: 'any', regulator: 'any', admin: 'any' } as const

/**
 * Refuses, at start, a route that does not say who may call it, or uses a word that does not fit the route. The
 * documentation's routes are open to all. Callers naming a pharmacy that they do not act for are refused here, before
 * any handler.
 */
export function requirePolicies(app: FastifyInstance): void {
  app.decorateRequest('pharmacy')
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/docs')) route.config = { ...route.config, policy: 'public' }
    const fault = faultOf(route)
    if (fault !== undefined) throw new Error(`${route.method} ${route.url} ${fault}`)
    const policy = route.config?.policy as Policy
    route.config = { ...route.config, namesPharmacyIn: placeOfPharmacy(route) }
    if (policy !== 'public' && (policy.pharmacy === 'acting' || policy.pharmacy === 'itself')) {
      route.preHandler = [requireActing(route, policy.pharmacy), ...[route.preHandler ?? []].flat()]
    }
  })
}

/** Throws 403 unless the policy admits the caller's role and, for a machine, its token has the scope. */
export function requireAllowed(policy: RolePolicy | undefined, { role, client }: Caller): void {
  if (policy?.[role] === undefined) {
    throw new Problem('forbidden', {
      en: phrase`A token with the role ${role} may not do this.`,
      fr: phrase`Un jeton de rôle ${role} ne permet pas cela.`,
    })
  }
  if (client && !client.scopes.includes(policy.scope)) {
    const { scope } = policy
    const detail = {
      en: phrase`This token needs the scope ${scope}.`,
      fr: phrase`Il faut à ce jeton le scope ${scope}.`,
    }
    throw new Problem('forbidden', detail, { facts: { scope } })
  }
}

/** A policy in words, for the documentation. */
export function policyInWords(policy: RolePolicy): string {
  const admitted = roles.filter((role) => policy[role] !== undefined)
  const scoped = `a client whose token lacks the scope \`${policy.scope}\``
  if (roles.every((role) => policy[role] === 'any')) return `For any token. 403 for ${scoped}.`
  const lines = admitted.map((role) => `- \`${role}\`: ${words[policy[role] ?? 'any'].meaning}`)
  return `For:\n\n${lines.join('\n')}\n\n403 for any other role, and for ${scoped}.`
}

function faultOf(route: RouteOptions): string | undefined {
  const policy = route.config?.policy
  if (policy === undefined) return 'declares no policy'
  if (policy === 'public') return undefined
  const { scope, ...whose } = policy
  if (!scopes.includes(scope)) return `asks for the scope «${scope}», which there is not`
  const entries = Object.entries(whose)
  if (entries.length === 0) return 'lets no role in'
  return entries.map(([role, word]) => faultOfWord(route, role as Role, word)).find((fault) => fault !== undefined)
}

function faultOfWord(route: RouteOptions, role: Role, word: string): string | undefined {
  const known = (wordsOf[role] as readonly string[] | undefined)?.includes(word)
  if (!known) return `lets ${role} at «${word}», which means nothing`
  const { fits, needs } = words[word as keyof typeof words]
  return fits === undefined || fits(route) ? undefined : `lets ${role} at «${word}», which needs ${needs}`
}

// After validation, so that malformed input is 400 on every route and never compared.
function requireActing(route: RouteOptions, whose: 'acting' | 'itself'): (request: FastifyRequest) => Promise<void> {
  const place = placeOfPharmacy(route)
  return async (request) => {
    if (request.caller.role !== 'pharmacy') return
    if (whose === 'itself' && request.caller.client) {
      throw new Problem('forbidden', {
        en: 'A client may not do this by a grant: the pharmacy itself does, or an admin.',
        fr: 'Un client ne peut faire cela par habilitation : l’officine elle-même le fait, ou un administrateur.',
      })
    }
    request.pharmacy = pharmacyFor(request.caller, namedPharmacy(request, place))
  }
}
