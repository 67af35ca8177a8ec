import { hash } from 'node:crypto'
import type { AllocationRule } from './allocation-rules.ts'
import { type Instant, iso } from './instant.ts'
import type { LogRecord } from './log-record.ts'

/** A rule as it was published; a withdrawal changes nothing of it. */
export type PublishedRule = Omit<AllocationRule, 'withdrawnAt'>

/** In whose name a rule was published: a territory and its professions; null for the operator's. */
export type RuleAuthority = { territory: string; professions: readonly string[] } | null

/** What the log holds of a rule's publication. */
export interface RulePublication {
  ruleId: string
  /** Base64; each line that the rule judged carries it. */
  ruleHash: string
  validFrom: Instant
  validTo: Instant | null
  authority: RuleAuthority
  /** The rule had been published before the log held rules, so that what was recorded is what it was by then. */
  isAdopted: boolean
}

/** The kinds of records that tell of rules; their subject is the rule's id. */
export const RULE_PUBLISHED = 'rule_published'
export const RULE_WITHDRAWN = 'rule_withdrawn'

/**
 * All that a rule says, as a JSON array in UTF-8: the version tag, then fields in a fixed order. A release that lets
 * rules say more seals those that do under another tag.
 */
function canonicalRule(rule: PublishedRule): string {
  const { window, source } = rule
  return JSON.stringify([
    'gomask-rule-v1',
    rule.id,
    rule.beneficiaries.map(({ profession, speciality }) => [profession, speciality ?? null]),
    rule.products,
    rule.cap,
    rule.subCaps.map(({ product, cap }) => [product, cap]),
    [window.kind, window.kind === 'once' ? null : window.count],
    rule.territory,
    iso(rule.validFrom),
    rule.validTo === null ? null : iso(rule.validTo),
    [source.title, source.reference, source.url],
    rule.confidence,
    iso(rule.publishedAt),
  ])
}

/** The SHA-256 of all that a rule says, in base64: seals which rule judged. */
export function ruleHash(rule: PublishedRule): string {
  return hash('sha256', canonicalRule(rule), 'base64')
}

/** The record of a publication: the rule's text and hash, its authority, and whether it was recorded only later. */
export function publicationOf(
  rule: PublishedRule,
  authority: RuleAuthority,
  { recordedAt, isAdopted }: { recordedAt: Instant; isAdopted: boolean },
): Omit<LogRecord, 'id'> {
  const named = authority && [authority.territory, authority.professions]
  const fields = [canonicalRule(rule), ruleHash(rule), named, isAdopted]
  return { kind: RULE_PUBLISHED, subject: rule.id, recordedAt, fields }
}

/** The record of a withdrawal: from when on the rule judges nothing. */
export function withdrawalOf(
  { id, withdrawnAt }: { id: string; withdrawnAt: Instant },
  recordedAt: Instant,
): Omit<LogRecord, 'id'> {
  return { kind: RULE_WITHDRAWN, subject: id, recordedAt, fields: [iso(withdrawnAt)] }
}

/** Reads the record of a publication; undefined if sealing could not have made it. */
export function readPublication({
  subject,
  fields,
}: Pick<LogRecord, 'subject' | 'fields'>): RulePublication | undefined {
  const [text, ofText, named, isAdopted] = fields
  if (typeof text !== 'string' || hash('sha256', text, 'base64') !== ofText || typeof isAdopted !== 'boolean') {
    return undefined
  }
  const rule = parsed(text)
  if (!Array.isArray(rule)) return undefined
  const [validFrom, validTo] = [timeOf(rule[8]), timeOf(rule[9])]
  if (rule[1] !== subject || validFrom === undefined) return undefined
  const authority = Array.isArray(named) ? { territory: named[0], professions: named[1] } : null
  return { ruleId: subject, ruleHash: ofText as string, validFrom, validTo: validTo ?? null, authority, isAdopted }
}

/** Reads since when a rule is withdrawn from the record of it; undefined if sealing could not have made it. */
export function readWithdrawal({ fields }: Pick<LogRecord, 'fields'>): Instant | undefined {
  return timeOf(fields[0])
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function timeOf(value: unknown): Instant | undefined {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}
