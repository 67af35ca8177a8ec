import { defineCommand } from 'citty'
import { loadConfig } from '../config.ts'
import { openReady } from '../db/open.ts'
import { inTransaction } from '../db/transaction.ts'
import { professionalId } from '../domain/identifiers.ts'
import { inLanguage } from '../domain/language.ts'
import { isRefusal } from '../domain/refusals.ts'
import { eraseProfessional } from '../features/professionals/erase.ts'
import { text } from '../http/schemas.ts'
import { commandLogger } from '../logger.ts'
import { sayWho } from '../store/admin-acts.ts'
import { CommandError, discreet } from './errors.ts'
import { actorOf, operator } from './operator.ts'

const KEPT = text(140)

/** `gomask erase-professional` */
export const eraseProfessionalCommand = defineCommand({
  meta: {
    name: 'erase-professional',
    description:
      'Erase a professional from the directory and the ledger, for good; the ledger still verifies. Exits 1 if refused',
  },
  args: {
    id: { type: 'positional', required: true, description: 'any RPPS or ADELI number of theirs' },
    authority: { type: 'string', required: true, description: 'who demands or allows it; kept for ever' },
    reason: { type: 'string', required: true, description: 'why; kept for ever' },
    operator,
  },
  async run({ args }) {
    const by = actorOf('erase-professional', args.operator)
    const id = professionalId(args.id)
    if (id === undefined) throw new CommandError('ID: not an RPPS or ADELI number')
    const order = { authority: kept('--authority', args.authority), reason: kept('--reason', args.reason) }
    const config = loadConfig()
    const db = await openReady(config, commandLogger(config.LOG_LEVEL))
    try {
      const erased = await inTransaction(db, (tx) => {
        sayWho(tx, by)
        return eraseProfessional(tx, id, order, config.LEDGER_RETENTION_DAYS)
      })
      if (isRefusal(erased)) throw new CommandError(inLanguage(erased.detail, 'en'))
      const { records, numbers, entries, answers, reservations } = erased
      console.log(
        `records ${records}\nnumbers ${numbers}\nentries ${entries}\nanswers ${answers}\nreservations ${reservations}`,
      )
    } catch (error) {
      throw discreet(error)
    } finally {
      await db.close()
    }
  },
})

function kept(option: string, given: string): string {
  const parsed = KEPT.safeParse(given)
  if (!parsed.success) throw new CommandError(`${option}: ${parsed.error.issues[0]?.message}`)
  return parsed.data
}
