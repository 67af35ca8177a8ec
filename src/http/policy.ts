import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { phrase } from '../domain/language.ts'
import { type Caller, pharmacyFor, type Role, roles } from './caller.ts'
import { Problem } from './problem.ts'
import { type Scope, scopes } from './scopes.ts'
import { namedPharmacy, placeOfPharmacy, words, wordsOf } from './whose.ts'

/** The roles that may call a route, and whose objects each of them can reach; other roles get 403. */
export type RolePolicy = { [R in Role]?: (typeof wordsOf)[R][number] } & {
  /** The scope that a machine's token needs as well; null if any will do. */
  scope: Scope | null
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
    const own = policy !== 'public' && requireOwn(route, policy.pharmacy)
    if (own) route.preHandler = [own, ...[route.preHandler ?? []].flat()]
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
  if (client && policy.scope !== null && !client.scopes.includes(policy.scope)) {
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
  const isForAll = roles.every((role) => policy[role] === 'any')
  const scoped = policy.scope === null ? [] : [`a client whose token lacks the scope \`${policy.scope}\``]
  const refused = [...(isForAll ? [] : ['any other role']), ...scoped].join(', and for ')
  const without = refused === '' ? '' : ` 403 for ${refused}.`
  if (isForAll) return `For any token.${without}`
  const lines = admitted.map((role) => `- \`${role}\`: ${words[policy[role] ?? 'any'].meaning}`)
  return `For:\n\n${lines.join('\n')}\n\n${without.trim()}`
}

function faultOf(route: RouteOptions): string | undefined {
  const policy = route.config?.policy
  if (policy === undefined) return 'declares no policy'
  if (policy === 'public') return undefined
  const { scope, ...whose } = policy
  if (scope !== null && !scopes.includes(scope)) return `asks for the scope «${scope}», which there is not`
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

type Check = (request: FastifyRequest) => Promise<void>

/** What else is asked of a caller of the role `pharmacy`, after validation: malformed input is 400 on every route. */
function requireOwn(route: RouteOptions, whose: RolePolicy['pharmacy']): Check | undefined {
  const place = placeOfPharmacy(route)
  switch (whose) {
    case 'acting':
    case 'itself':
      return async (request) => {
        if (request.caller.role !== 'pharmacy') return
        if (whose === 'itself') refuseClients(request)
        request.pharmacy = pharmacyFor(request.caller, namedPharmacy(request, place))
      }
    case 'asked':
      return async (request) => refuseClients(request)
    case 'asking':
    case 'client':
      return async ({ caller: { client } }) => {
        if (!client || client.isNarrowed) throw new Problem('forbidden', forClients)
      }
    default:
      return undefined
  }
}

function refuseClients({ caller }: FastifyRequest): void {
  if (caller.client && caller.role === 'pharmacy') throw new Problem('forbidden', forPharmacies)
}

const forPharmacies = {
  en: 'A client may not do this by a grant: the pharmacy itself does, or an admin.',
  fr: 'Un client ne peut faire cela par habilitation : l’officine elle-même le fait, ou un administrateur.',
}
const forClients = {
  en: 'A client does this, with a token that is not narrowed to some pharmacies.',
  fr: 'C’est à un client de le faire, avec un jeton qui n’est pas restreint à certaines officines.',
}
