import type { z } from 'zod'
import { phrase, type Text } from '../domain/language.ts'
import { issueOf } from './complaint.ts'

/** One way to say something: the members that it needs, and those that may stand beside them. */
export interface Way {
  needs: readonly string[]
  may?: readonly string[]
}

/**
 * Has an object say something in exactly one of several ways. All their members may be left out by the schema itself,
 * so that a mistake is told by the member that it is in, which a union of schemas would not tell.
 */
export function inOneWay<Schema extends z.ZodObject>(schema: Schema, ways: readonly Way[]): Schema {
  return schema
    .superRefine((given, context) => {
      for (const { name, message } of faultsOf(given, ways)) context.addIssue(issueOf([name], message))
    })
    .meta({ ways })
}

function faultsOf(given: object, ways: readonly Way[]): { name: string; message: Text }[] {
  const members = new Set(ways.flatMap(membersOf))
  const named = Object.entries(given).flatMap(([name, value]) => (members.has(name) && value !== undefined ? name : []))
  const differences = ways.map((way) => ({
    missing: way.needs.filter((name) => !named.includes(name)),
    extra: named.filter((name) => !membersOf(way).includes(name)),
    beside: way.needs[0],
  }))
  const [first] = differences
  // Something was rather left out than said twice.
  const [nearest] = differences.sort((a, b) => a.extra.length - b.extra.length || a.missing.length - b.missing.length)
  const meant = named.length === 0 ? first : nearest
  return [
    ...(meant?.missing ?? []).map((name) => ({ name, message: required(ways) })),
    ...(meant?.extra ?? []).map((name) => ({ name, message: notBeside(meant?.beside ?? '', ways) })),
  ]
}

function required(ways: readonly Way[]): Text {
  const { en, fr } = all(ways)
  return { en: phrase`required: say ${en}`, fr: phrase`obligatoire : donnez ${fr}` }
}

function notBeside(member: string, ways: readonly Way[]): Text {
  const { en, fr } = all(ways)
  return { en: phrase`cannot stand beside ${member}: say ${en}`, fr: phrase`ne va pas avec ${member} : donnez ${fr}` }
}

function all(ways: readonly Way[]): { en: string; fr: string } {
  return {
    en: ways.map(({ needs }) => needs.join(' and ')).join(', or '),
    fr: ways.map(({ needs }) => needs.join(' et ')).join(', ou '),
  }
}

function membersOf({ needs, may = [] }: Way): string[] {
  return [...needs, ...may]
}

interface Described {
  ways?: Way[]
  properties?: Record<string, unknown>
  required?: string[]
}

/** Writes out, in a description, each way of the objects that say something in one of several. */
export function describeWays(described: unknown): unknown {
  if (typeof described !== 'object' || described === null) return described
  if (Array.isArray(described)) return described.map(describeWays)
  const entries = Object.entries(described).map(([name, value]) => [name, describeWays(value)])
  const { ways, properties = {}, required = [], ...rest } = Object.fromEntries(entries) as Described
  if (!ways) return Object.fromEntries(entries)
  const others = Object.keys(properties).filter((name) => !ways.some((way) => membersOf(way).includes(name)))
  const { description, ...object } = rest as { description?: string }
  return {
    ...(description !== undefined && { description }),
    anyOf: ways.map((way) => ({
      ...object,
      properties: Object.fromEntries([...membersOf(way), ...others].map((name) => [name, properties[name]])),
      required: [...way.needs, ...required],
    })),
  }
}
