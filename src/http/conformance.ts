import type { Exchange } from './exchanges.ts'

/** A rule for tills, and the requests that kept or broke it. */
export interface Finding {
  rule: string
  says: { en: string; fr: string }
  outcome: 'kept' | 'broken' | 'not_seen'
  /** Ids of requests. */
  kept: string[]
  broken: string[]
}

interface Rule {
  name: string
  says: { en: string; fr: string }
  /** The requests that the rule is about. */
  concerns(exchange: Exchange): boolean
  /** Whether one keeps it, by what came after it and before it. */
  keeps(exchange: Exchange, later: readonly Exchange[], earlier: readonly Exchange[]): boolean
}

// What reads, though it is a POST: it takes no key.
const READING = ['/v1/dispensation-checks', '/v1/reservations/lookup', '/oauth/token']
const ENTRIES = ['/v1/dispensations']
const SIMILAR_MS = 120_000
const TOLERANCE_MS = 50 // Timers may fire a little early.

const rules: readonly Rule[] = [
  {
    name: 'every_write_has_a_key',
    says: {
      en: 'Every write has an Idempotency-Key.',
      fr: 'Chaque écriture porte un Idempotency-Key.',
    },
    concerns: isWrite,
    keeps: ({ key }) => key !== undefined,
  },
  {
    name: 'one_key_for_one_request',
    says: {
      en: 'A key is never used for another request.',
      fr: 'Une clé ne sert jamais à une autre requête.',
    },
    concerns: ({ key }) => key !== undefined,
    keeps: ({ key, content }, _, earlier) => earlier.every((each) => each.key !== key || isSame(each.content, content)),
  },
  {
    name: 'what_was_not_answered_is_sent_again',
    says: {
      en: 'A write whose answer was lost or is a 5xx is sent again with the same key and body until it is answered.',
      fr: 'Une écriture dont la réponse s’est perdue, ou est un 5xx, est renvoyée avec la même clé et le même corps jusqu’à obtenir une réponse.',
    },
    concerns: (exchange) => isWrite(exchange) && (exchange.isLost || exchange.status >= 500),
    keeps: ({ key, content }, later) =>
      key !== undefined && later.some((each) => each.key === key && isSame(each.content, content)),
  },
  {
    name: 'waits_as_long_as_told',
    says: {
      en: 'After a 429 or 503 the request is not sent again before Retry-After is over.',
      fr: 'Après un 429 ou un 503, la requête n’est pas renvoyée avant la fin du délai Retry-After.',
    },
    concerns: ({ status, retryAfter, isLost }) => !isLost && retryAfter !== undefined && [429, 503].includes(status),
    keeps: (told, later) => {
      const next = later.find((each) => each.bearer === told.bearer && isRepeat(each, told))
      return next === undefined || next.arrived - told.answered >= (told.retryAfter ?? 0) * 1_000 - TOLERANCE_MS
    },
  },
  {
    name: 'a_refused_token_is_renewed',
    says: {
      en: 'A token that was answered 401 is not sent again.',
      fr: 'Un jeton qui a reçu un 401 n’est pas renvoyé.',
    },
    concerns: ({ status, bearer }) => status === 401 && bearer !== undefined,
    keeps: ({ bearer }, later) => later.every((each) => each.bearer !== bearer),
  },
  {
    name: 'one_hand_over_has_one_key',
    says: {
      en: 'The same hand-over is not recorded twice within two minutes under two keys.',
      fr: 'La même remise n’est pas enregistrée deux fois en deux minutes sous deux clés.',
    },
    concerns: ({ route, status }) => ENTRIES.includes(route) && status === 201,
    keeps: ({ key, content, bearer, arrived }, _, earlier) =>
      earlier.every(
        (each) =>
          each.status !== 201 ||
          each.key === key ||
          each.content !== content ||
          each.bearer !== bearer ||
          arrived - each.arrived > SIMILAR_MS,
      ),
  },
  {
    name: 'names_the_operator',
    says: {
      en: 'Hand-overs and their reversals name in X-Operator who is at the counter, by a pseudonym.',
      fr: 'Les remises et leurs annulations nomment dans X-Operator, par un pseudonyme, la personne au comptoir.',
    },
    concerns: ({ method, route }) => method === 'POST' && route.startsWith('/v1/dispensations'),
    keeps: ({ namesOperator }) => namesOperator,
  },
]

/** Judges what was exchanged, in order of arrival, by each rule for tills. */
export function judgeConformance(exchanges: readonly Exchange[]): Finding[] {
  return rules.map(({ name, says, concerns, keeps }) => {
    const kept: string[] = []
    const broken: string[] = []
    for (const [nth, exchange] of exchanges.entries()) {
      if (!concerns(exchange)) continue
      const isKept = keeps(exchange, exchanges.slice(nth + 1), exchanges.slice(0, nth))
      ;(isKept ? kept : broken).push(exchange.request)
    }
    const outcome = broken.length > 0 ? 'broken' : kept.length > 0 ? 'kept' : 'not_seen'
    return { rule: name, says, outcome, kept, broken }
  })
}

// By its key where it has one: what was refused early was not read.
function isRepeat(later: Exchange, first: Exchange): boolean {
  if (first.key !== undefined) return later.key === first.key
  return first.content !== undefined && later.content === first.content
}

// Where one was not read, the other may have been the same.
function isSame(one: string | undefined, other: string | undefined): boolean {
  return one === undefined || other === undefined || one === other
}

function isWrite({ method, route }: Exchange): boolean {
  return ['POST', 'PUT', 'DELETE'].includes(method) && !READING.includes(route) && !route.startsWith('/v1/sandbox')
}
