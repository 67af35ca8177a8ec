import type { Callers, Counter, Professional } from '../callers.ts'
import { lookup } from './lookup.ts'
import { NEW_KEY, type Variation } from './script.ts'

type Replace = Variation['replace']
type InText = NonNullable<Variation['inText']>

/** Draws one of the professionals, by chance if not said otherwise: `:person`, its number in the set, and `:rpps`. */
export function drawProfessional(
  { professionals }: Callers,
  which = `random(0, ${professionals.length - 1})`,
): string[] {
  return [
    `\\set caller ${which}`,
    column('person', 'caller', professionals, ({ nth }) => nth),
    column('rpps', 'caller', professionals, ({ rpps }) => Number(rpps)),
  ]
}

/** Where the one that was drawn practises: `:latitude` and `:longitude`. */
export function drawPractice({ professionals }: Callers): string[] {
  return [
    column('latitude', 'caller', professionals, ({ latitude }) => latitude),
    column('longitude', 'caller', professionals, ({ longitude }) => longitude),
  ]
}

/** Draws one of the counters: `:finess`. */
export function drawCounter({ counters }: Callers, which = `random(0, ${counters.length - 1})`): string[] {
  return [`\\set counter ${which}`, column('finess', 'counter', counters, ({ finess }) => Number(finess))]
}

/** A variable that is one of a list's numbers, by the index that another holds. */
export function column<T>(name: string, index: string, list: readonly T[], of: (each: T) => number): string {
  return `\\set ${name} ${lookup(index, list.map(of))}`
}

/** The professional of the record becomes the one that was drawn. */
export function professional({ rpps, id }: Pick<Professional, 'rpps' | 'id'>): Replace {
  return [
    [rpps, ':rpps'],
    [id, PERSON],
  ]
}

/** The practice of the record, wherever it stands alone. */
export function practice({ latitude, longitude }: Pick<Professional, 'latitude' | 'longitude'>): Replace {
  return [
    [new RegExp(`^${latitude}$`), ':latitude'],
    [new RegExp(`^${longitude}$`), ':longitude'],
  ]
}

/** The pharmacy of the record becomes `:finess`. */
export function pharmacy({ finess }: Pick<Counter, 'finess'>): Replace {
  return [[finess, ':finess']]
}

/** The key of the record becomes one that comes once. */
export function key(recorded: string | undefined): Replace {
  return recorded === undefined ? [] : [[recorded, NEW_KEY]]
}

const PERSON = `('00000000-0000-7000-8000-' || lpad(to_hex(:person::bigint), 12, '0'))`

/** An entry of the set by its number and millisecond, as `entryId` writes it. */
export const ENTRY = `(overlay(lpad(to_hex(:entry_ms::bigint), 12, '0') placing '-' from 9 for 0) || '-7000-8000-' || lpad(to_hex(:entry::bigint), 12, '0'))`

/** What a shelf becomes, from what it is: later statements see it as it was locked. */
export function shelf({ onHand, held, changes }: { onHand: number; held: number; changes: number }): Replace {
  const row = (text: string, values: string) =>
    `(select format('${text}', ${values}) from stock where pharmacy = :finess::text and product = 'surgical')`
  return [
    [
      /"on_hand":\d+,"held":\d+,"version":\d+,"was":\d+/,
      row(
        '"on_hand":%s,"held":%s,"version":%s,"was":%s',
        `on_hand + ${onHand}, held + ${held}, version + ${changes}, version`,
      ),
    ],
    [/"version":\d+(?=,"kind")/, row('"version":%s', `version + ${changes}`)],
  ]
}

const head = (what: string) => `(select ${what} from ledger_heads where person_id = ${PERSON}::uuid)`

/**
 * The next place in the chain of the professional that was drawn; the hash stays that of the record, as any will do.
 */
export const nextInChain: Replace = [
  [/"seq":\d+/, head(`format('"seq":%s', seq + 1)`)],
  [
    /"previous_hash":(?:null|"[^"]*")/,
    head(`format('"previous_hash":%s', coalesce('"' || encode(entry_hash, 'base64') || '"', 'null'))`),
  ],
]

/** The same where it is a parameter of its own. */
export const nextInChainAlone: InText = [[/seq = (\$\d+)::int/, head('seq + 1')]]
