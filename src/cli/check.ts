import { defineCommand } from 'citty'
import { loadConfig } from '../config.ts'
import { openReady } from '../db/open.ts'
import { UNHURRIED } from '../db/server.ts'
import { commandLogger } from '../logger.ts'
import { checkNames, runCheck } from '../store/invariants.ts'
import { CommandError } from './errors.ts'

/** `gomask check` */
export const check = defineCommand({
  meta: {
    name: 'check',
    description:
      'Check the invariants I1 (stock), I2 (movements and holds), I3 (caps) and I6 (every entry and record has its place in the log or waits for it; rules are what was published; accesses, refusals and administrative acts are those that it anchored), and the audit’s totals, against the tables. Exits 1 and names each row that breaks one.',
  },
  async run() {
    const config = loadConfig()
    const db = await openReady({ ...config, MIGRATE_ON_START: false }, commandLogger(config.LOG_LEVEL), {
      timeouts: UNHURRIED,
    })
    try {
      let breaches = 0
      for (const name of checkNames) {
        const found = await runCheck(db, name)
        for (const { invariant, row, found: what } of found) console.log(`${invariant} broken: ${row}: ${what}`)
        breaches += found.length
      }
      if (breaches > 0) throw new CommandError(`${breaches} rows break an invariant`)
      console.log('I1, I2, I3 and I6 hold, and the totals are those of the entries')
    } finally {
      await db.close()
    }
  },
})
