import { readClock } from '../../db/clock.ts'
import type { Queryable } from '../../db/database.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import { ownAccessView } from '../../http/access-schema.ts'
import type { Controller } from '../../http/controller.ts'
import { entryView } from '../../store/entries.ts'
import { KEY_DAYS } from '../../store/idempotency.ts'
import { listOwnAccesses } from '../../store/own-accesses.ts'
import type { TimePage } from '../../store/time-page.ts'
import { type ProvedEntry, readDoubts, readEntries, readRecords, readRefusals, readReservations } from './queries.ts'
import { FORMAT, type OwnData } from './schema.ts'

const PAGE = 100

/** What an export contains besides the data. */
export interface About {
  controller: Controller
  retention: Omit<OwnData['retention'], 'answerDays'>
}

/**
 * Prepares the export of everything kept about the person with an identifier, merged records included. It is JSON in
 * pieces, one page at a time in memory. Undefined if the directory does not know the person.
 */
export async function exportOwnData(
  db: Queryable,
  identifier: string,
  { controller, retention }: About,
): Promise<AsyncGenerator<string> | undefined> {
  const found = await readRecords(db, identifier)
  if (found.length === 0) return undefined
  const persons = found.map(({ person }) => person)
  const opening: Pick<OwnData, 'format' | 'exportedAt' | 'controller' | 'retention' | 'records' | 'doubts'> = {
    format: FORMAT,
    exportedAt: iso(await readClock(db)),
    controller,
    retention: { ...retention, answerDays: KEY_DAYS },
    records: found.map((record) => ({ ...record, updatedAt: iso(record.updatedAt) })),
    doubts: (await readDoubts(db, persons)).map(({ openedAt, decidedAt, ...doubt }) => ({
      ...doubt,
      openedAt: iso(openedAt),
      decidedAt: isoOrNull(decidedAt),
    })),
  }
  return (async function* () {
    yield JSON.stringify(opening).slice(0, -1)
    yield* list('entries', (page) => readEntries(db, persons, page), proved)
    yield* list(
      'reservations',
      (page) => readReservations(db, persons, page),
      ({ at: _, createdAt, expiresAt, endedAt, ...reservation }): OwnData['reservations'][number] => ({
        ...reservation,
        createdAt: iso(createdAt),
        expiresAt: iso(expiresAt),
        endedAt: isoOrNull(endedAt),
      }),
    )
    yield* list(
      'refusals',
      (page) => readRefusals(db, persons, page),
      ({ at, windowStart, windowEnd, ...refusal }): OwnData['refusals'][number] => ({
        ...refusal,
        at: iso(at),
        windowStart: isoOrNull(windowStart),
        windowEnd: isoOrNull(windowEnd),
      }),
    )
    yield* list('accesses', (page) => listOwnAccesses(db, identifier, page), ownAccessView)
    yield '}'
  })()
}

/** A member that is a list; each page is a piece. */
async function* list<Row extends { at: Instant; id: string }, Name extends keyof OwnData & string>(
  name: Name,
  read: (page: TimePage) => Promise<Row[]>,
  view: (row: Row) => OwnData[Name] extends (infer Item)[] ? Item : never,
): AsyncGenerator<string> {
  yield `,"${name}":[`
  for (let before: TimePage['before'] = null, comma = ''; ; comma = ',') {
    const page: Row[] = await read({ before, limit: PAGE })
    if (page.length > 0) yield comma + page.map((row) => JSON.stringify(view(row))).join()
    const last: Row | undefined = page[PAGE - 1]
    if (!last) break
    before = { at: last.at, id: last.id }
  }
  yield ']'
}

function proved(entry: ProvedEntry): OwnData['entries'][number] {
  const { person, canonical, payload, salt } = entry
  return { ...entryView(entry), person, canonical, payload, salt }
}

function isoOrNull(at: Instant | null): string | null {
  return at === null ? null : iso(at)
}
