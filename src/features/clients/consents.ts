import { createHash, randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from '../../db/database.ts'
import { isRefusal, type Refusal, Rejection, refused } from '../../domain/refusals.ts'
import { actingFor, type Caller } from '../../http/caller.ts'
import {
  answerConsent,
  awaitTurnToAsk,
  countAsked,
  findConsent,
  insertConsent,
  lockConsent,
  type Party,
  replaceOpen,
} from './consent-queries.ts'
import type { Consent } from './consent-schema.ts'
import { actorOf, grantClient, requirePharmacy } from './grants.ts'

const DAYS = 14
const MOST_A_DAY = 5

/** What a request is answered with: shown once, and only its hash is kept. */
export interface Code {
  text: string
  hash: string
}

/** Makes a code of 160 random bits. */
export function makeCode(): Code {
  return codeOf(randomBytes(20).toString('base64url'))
}

/** The code with this text. */
export function codeOf(text: string): Code {
  return { text, hash: hashOf(text) }
}

/**
 * Asks a pharmacy to let a client act for it. What the client asked it before, and has no answer to, is replaced.
 * Throws `not_found` if there is no such pharmacy, `rate_limited` if it was asked too often within a day.
 */
export async function askConsent(tx: Transaction, client: string, finess: string, { hash }: Code): Promise<Consent> {
  await requirePharmacy(tx, finess)
  await awaitTurnToAsk(tx, client, finess)
  const { times, wait } = await countAsked(tx, client, finess)
  if (times >= MOST_A_DAY) throw new Rejection('rate_limited', tooOften, { waitSeconds: Math.max(1, wait) })
  await replaceOpen(tx, client, finess, `client ${client}`)
  const id = uuidv7()
  await insertConsent(tx, { id, client, finess, codeHash: hash, days: DAYS })
  return read(tx, id, { client, pharmacies: null })
}

/**
 * Lets the client act for the pharmacy; again: the same. Throws `not_found` if none of the caller's pharmacies was
 * asked or the code is another.
 */
export async function acceptConsent(
  tx: Transaction,
  id: string,
  code: string,
  caller: Caller,
): Promise<Consent | Refusal> {
  const asked = await lockAsked(tx, id, caller)
  if (asked.codeHash !== hashOf(code)) throw new Rejection('not_found', noSuchRequest)
  return answer(tx, id, 'accepted', asked, caller)
}

/** Refuses what a client asks for; again: the same. Throws `not_found` if none of the caller's pharmacies was asked. */
export async function refuseConsent(tx: Transaction, id: string, caller: Caller): Promise<Consent | Refusal> {
  return answer(tx, id, 'refused', await lockAsked(tx, id, caller), caller)
}

/** Who reads, for the queries. A person reads what is asked of the pharmacies, a client only what it asked itself. */
export function partyOf(caller: Caller): Party {
  const { client, subject } = caller
  if (!client) return { client: null, pharmacies: actingFor(caller) }
  return { client: subject, pharmacies: client.isNarrowed ? caller.finess : null }
}

/** A request that the party may read. Throws `not_found`. */
export async function read(db: Queryable, id: string, party: Party): Promise<Consent> {
  const found = await findConsent(db, id, party)
  if (!found) throw new Rejection('not_found', noSuchRequest)
  return found
}

async function lockAsked(tx: Transaction, id: string, caller: Caller) {
  const asked = await lockConsent(tx, id, actingFor(caller))
  if (!asked) throw new Rejection('not_found', noSuchRequest)
  return asked
}

async function answer(
  tx: Transaction,
  id: string,
  outcome: 'accepted' | 'refused',
  { client, finess }: { client: string; finess: string },
  caller: Caller,
): Promise<Consent | Refusal> {
  const party = { client, pharmacies: [finess] }
  const consent = await read(tx, id, party)
  if (consent.status === outcome) return consent
  if (consent.status !== 'pending') return refused('consent_ended', ended, { consentStatus: consent.status })
  const by = await actorOf(tx, caller)
  if (outcome === 'accepted') {
    const granted = await grantClient(tx, finess, client, by)
    if (isRefusal(granted)) return granted
  }
  await answerConsent(tx, id, outcome, by)
  return read(tx, id, party)
}

// Random bits need no slow hash.
function hashOf(code: string): string {
  return createHash('sha256').update(code).digest('hex')
}

const noSuchRequest = {
  en: 'There is no such request of a client, or it has another code.',
  fr: 'Il n’y a pas de telle demande d’un client, ou son code est autre.',
}
const ended = {
  en: 'This request has been answered, has expired or was replaced. The client can ask anew.',
  fr: 'Cette demande a reçu une réponse, a expiré ou a été remplacée. Le client peut en faire une nouvelle.',
}
const tooOften = {
  en: 'You have asked this pharmacy often enough today.',
  fr: 'Vous avez assez souvent sollicité cette officine aujourd’hui.',
}
