import { createHash } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../../db/database.ts'
import { accountSuspended } from '../../domain/suspended.ts'
import { type Bearer, findBearer } from '../../store/bearers.ts'
import { enrol } from '../../store/enrolment.ts'
import { raiseDoubts } from '../../store/identity-doubts.ts'
import type { Standing } from '../../store/standing.ts'
import type { Caller } from '../caller.ts'
import { Problem } from '../problem.ts'
import { isForUs } from './access-token.ts'
import type { IssuerSettings } from './configuration.ts'
import type { Issuer, VerifiedToken } from './issuer.ts'
import { proSanteConnect } from './pro-sante-connect.ts'
import { mappedProfile, type Person } from './profile.ts'
import { openProvider } from './provider.ts'
import { remember } from './remembered.ts'
import { KEY_TIMING, keepKeys } from './remote-keys.ts'
import { subjectsOf } from './subject.ts'

interface Needs {
  db: Database
  log: Pick<FastifyBaseLogger, 'warn'>
  timing?: Partial<typeof KEY_TIMING>
}

const TOKENS = 10_000
const DIRECTORY_MS = 60_000 // Pharmacists can act for a pharmacy within this time of its entering the directory.
const PHARMACIST = '21'

/**
 * An OpenID Connect issuer of people's tokens. A professional calls as `professional`, under their number. A pharmacist
 * whose activities name pharmacies of the directory calls as `pharmacy` for these, under a surrogate, because keys and
 * access records keep it for long.
 */
export function openIdIssuer(settings: IssuerSettings, { db, log, timing }: Needs): Issuer {
  const { issuer, audience, algorithms, acrValues, exchange } = settings
  const provider = openProvider(settings)
  const profile = settings.profile === 'pro-sante-connect' ? proSanteConnect : mappedProfile(settings.profile)
  const needed = acrValues ? [...profile.needed, 'acr'] : profile.needed
  const persons = remember<Person | undefined>(TOKENS)
  const bearers = remember<Bearer>(TOKENS)

  const keyOf = keepKeys(
    provider.keys,
    (error) => log.warn({ err: error, issuer }, 'the keys of an issuer could not be fetched'),
    { ...KEY_TIMING, ...timing },
  )
  const admit = (person: Person) => bearerOf(person, settings, { db, log })

  const personOf = async (
    { payload, raw }: VerifiedToken,
    asks = needed.some((claim) => payload[claim] === undefined),
  ): Promise<Person | undefined> => {
    let claims = payload
    if (asks) {
      const more = await provider.userinfo(raw)
      if (!more || more.sub !== payload.sub) return undefined
      claims = { ...more, ...payload } // What the issuer signed takes precedence.
    }
    const { acr } = claims
    return acrValues?.every((each) => each !== acr) ? undefined : profile.read(claims)
  }

  return {
    issuer,
    audience,
    algorithms,
    isForUs: (header, payload) => isForUs(settings, header, payload),
    keyOf,
    async callerOf(token, standing) {
      const name = createHash('sha256').update(token.raw).digest('base64')
      const leftMs = Number(token.payload.exp) * 1000 - db.clock.now()
      const person = await persons.get(name, leftMs, () => personOf(token))
      if (!person) return undefined
      refuseSuspended(person, standing)
      const keptMs = Math.min(leftMs, DIRECTORY_MS)
      return callerFor(issuer, person, await bearers.get(name, keptMs, () => admit(person)))
    },
    ...(exchange && { subjectOf: subjectsOf(settings, exchange, { provider, keyOf, personOf, admit }) }),
  }
}

/**
 * A person as the directory knows them; adds them for an issuer that the operator allows to. Doubts about who they are
 * are kept before anything is decided about them.
 */
async function bearerOf(
  person: Person,
  { issuer, enrol: enrols }: IssuerSettings,
  { db, log }: Needs,
): Promise<Bearer> {
  const sites = person.exercises.flatMap(({ profession, finess }) => (profession === PHARMACIST ? finess : []))
  const known = await findBearer(db, person, sites)
  const [exercise] = person.exercises
  if (!known && enrols && exercise) await enrol(db, { ...person, profession: exercise.profession }, issuer)
  const bearer = known ?? (enrols && exercise ? await findBearer(db, person, sites) : undefined)
  // Whom nobody knows may still name two who are known.
  if (bearer?.namesAnother ?? person.otherIds.length > 1) {
    const raised = await raiseDoubts(db, [person.identifier, ...person.otherIds], issuer)
    if (raised > 0) log.warn({ issuer, raised }, 'a login says that records of the directory are one person’s')
  }
  if (!bearer) {
    throw new Problem('forbidden', {
      en: 'The directory does not know you. Ask the operator of the service to put you in.',
      fr: 'L’annuaire ne vous connaît pas. Demandez à l’exploitant du service de vous y inscrire.',
    })
  }
  if (bearer.suspended) throw suspended()
  return bearer
}

function callerFor(issuer: string, { identifier }: Person, { personId, pharmacies }: Bearer): Caller {
  const common = { issuer, suspended: [], territories: [], professions: [] }
  return pharmacies.length > 0
    ? { ...common, role: 'pharmacy', subject: personId, finess: pharmacies }
    : { ...common, role: 'professional', subject: identifier, finess: [] }
}

function refuseSuspended({ identifier }: Person, { professionals }: Standing): void {
  if (professionals.has(identifier)) throw suspended()
}

function suspended(): Problem {
  return new Problem('professional_suspended', accountSuspended, { status: 403 })
}
