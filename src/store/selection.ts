import { type SQL, sql } from '../db/sql.ts'

/**
 * Which dispensations and reversals a regulator asked for and may see. The record of an export keeps it unchanged, so
 * it contains no national number: persons are the ids of all records of one person.
 */
export interface Selection {
  /** The remit: one of the entry's territories is among these, which include those below. */
  remit: string[]
  /** All if left out. */
  professions?: string[] | undefined
  /** From (inclusive) to (exclusive), RFC 3339. */
  from?: string | undefined
  to?: string | undefined
  /** Recorded at or before this time. */
  recordedBy?: string | undefined
  pharmacy?: string | undefined
  persons?: string[] | undefined
  profession?: string | undefined
  territories?: string[] | undefined
  /** One and the same line has both the product and the lot. */
  product?: string | undefined
  lot?: string | undefined
  flag?: string | undefined
}

type ListField = 'remit' | 'professions' | 'persons' | 'territories'
type LineField = 'product' | 'lot'
type TextField = Exclude<keyof Selection, ListField | LineField>

const within = (codes: SQL) => sql`(e.practice_territory = any (${codes}) or e.pharmacy_territory = any (${codes}))`

const listed: Record<ListField, (values: SQL) => SQL> = {
  remit: within,
  professions: (values) => sql`e.profession = any (${values})`,
  persons: (values) => sql`e.person_id = any (${values}::uuid[])`,
  territories: within,
}

const named: Record<TextField, (value: SQL) => SQL> = {
  from: (value) => sql`e.occurred_at >= ${value}::timestamptz`,
  to: (value) => sql`e.occurred_at < ${value}::timestamptz`,
  recordedBy: (value) => sql`e.recorded_at <= ${value}::timestamptz`,
  pharmacy: (value) => sql`e.pharmacy = ${value}::text`,
  profession: (value) => sql`e.profession = ${value}::text`,
  flag: (value) => sql`(e.flags <> '{}' and e.flags @> array[${value}::text])`,
}

const lineOf = (product: SQL, lot: SQL) => sql`select from ledger_lines l where l.entry_id = e.id
  and (${product}::text is null or l.product = ${product}::text) and (${lot}::text is null or l.lot = ${lot}::text)`

const keys = <Field extends string>(conditions: Record<Field, unknown>) => Object.keys(conditions) as Field[]

/** A condition over ledger_entries e: the entry is selected. Its text depends on which fields there are. */
export function selected(selection: Partial<Selection>): SQL {
  const { product = null, lot = null } = selection
  return sql.join(
    [
      sql`e.kind in ('dispensation', 'reversal')`,
      ...keys(listed).flatMap((field) => {
        const values = selection[field]
        return values ? [listed[field](sql`${sql.param(values)}::text[]`)] : []
      }),
      ...keys(named).flatMap((field) => {
        const value = selection[field]
        return value === undefined ? [] : [named[field](sql`${value}`)]
      }),
      ...(product === null && lot === null ? [] : [hasLine(product, lot)]),
    ],
    sql` and `,
  )
}

/**
 * The fewest territories among which all selected entries are, and the condition for which of theirs are selected.
 * Undefined where there is an index that finds few entries: of a person, a pharmacy or a lot.
 */
export function selectedIn(selection: Selection): { territories: string[]; matching: SQL } | undefined {
  const { remit, territories = remit, ...others } = selection
  if (others.persons ?? others.pharmacy ?? others.lot) return undefined
  const [fewer, more] = territories.length < remit.length ? [territories, remit] : [remit, territories]
  // Asked for twice, PostgreSQL would take what lies in both for far less than it is.
  const isWithin = fewer.every((code) => more.includes(code))
  return { territories: fewer, matching: selected({ ...others, ...(!isWithin && { remit: more }) }) }
}

// A lot's few lines lead to its entries. A product has lines without number: looked at entry by entry (which «offset»
// makes sure of), they are not all gathered to find a page.
function hasLine(product: string | null, lot: string | null): SQL {
  return sql`exists (${lineOf(sql`${product}`, sql`${lot}`)} ${lot === null ? sql`offset 0` : sql``})`
}

/**
 * A condition over accesses a: it is an export that covered at least one entry of these persons. `persons` is a
 * subquery for the ids of all records of one person. It is `selected` again, with the selection that the record keeps.
 */
export function exportsCovering(persons: SQL): SQL {
  const kept = (field: string, condition: SQL) => sql`(not a.selection ? ${sql.raw(`'${field}'`)} or ${condition})`
  const text = (field: string) => sql`(a.selection ->> ${sql.raw(`'${field}'`)})`
  const list = (field: string) => sql`array(select jsonb_array_elements_text(a.selection -> ${sql.raw(`'${field}'`)}))`
  const conditions = [
    ...keys(listed).map((field) => kept(field, listed[field](list(field)))),
    ...keys(named).map((field) => kept(field, named[field](text(field)))),
    sql`exists (${lineOf(text('product'), text('lot'))})`,
  ]
  return sql`(a.kind = 'audit_export' and exists (
    select from ledger_entries e where e.person_id in (${persons}) and e.kind in ('dispensation', 'reversal') and ${sql.join(conditions, sql` and `)}))`
}
