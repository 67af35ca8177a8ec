import { leafHash } from '../../src/domain/merkle.ts'
import type { Signer } from '../../src/domain/signed-note.ts'
import { publishLog } from './log.ts'
import type { Service } from './service.ts'
import { superuser, tamper } from './superuser.ts'

/**
 * Forges the whole history as well as its keeper could: the first entry's quantity becomes another, all that follows is
 * chained and sequenced anew, and the log is signed again with the real key.
 */
export async function rewriteHistory(service: Pick<Service, 'url' | 'db'>, signer: Signer): Promise<void> {
  const { run, end } = await superuser(service)
  const { rows } = await run(`select e.id, e.person_id as person, convert_from(e.canonical, 'utf8') as canonical
    from log_leaves l join ledger_entries e on e.id = l.entry_id order by l.index`)
  await end()
  const ends = new Map<string, string>()
  const statements = (rows as { id: string; person: string; canonical: string }[]).map(
    ({ id, person, canonical }, index) => {
      const fields = JSON.parse(canonical)
      fields[4] = ends.get(person) ?? null
      if (index === 0) fields[11][0][1] += 1
      const bytes = Buffer.from(JSON.stringify(fields))
      const hash = leafHash(bytes)
      ends.set(person, hash.toString('base64'))
      return `update ledger_entries set canonical = '\\x${bytes.toString('hex')}', entry_hash = '\\x${hash.toString('hex')}',
      previous_hash = decode('${fields[4] ?? ''}', 'base64') where id = '${id}'`
    },
  )
  await tamper(
    service,
    'alter table ledger_entries drop constraint ledger_entries_chained',
    ...statements,
    'update ledger_entries set previous_hash = null where seq = 1',
    `update ledger_lines set quantity = quantity + 1, effect = effect + 1, received = 0, held = 0
      where entry_id = '${(rows[0] as { id: string }).id}'`,
    'delete from log_leaves',
    'delete from log_tiles',
    'delete from log_checkpoints',
    `update log_state set size = 0, root = sha256('')`,
    'insert into log_pending (record_id) select id from log_records order by recorded_at, id',
    'insert into log_pending (entry_id) select id from ledger_entries order by recorded_at, person_id, seq',
  )
  await publishLog(service.db, signer)
}
