import { defineCommand } from 'citty'
import { loadConfig } from '../config.ts'
import { openReady } from '../db/open.ts'
import { UNHURRIED } from '../db/server.ts'
import { applyRetention } from '../jobs/retention.ts'
import { commandLogger } from '../logger.ts'
import { discreet } from './errors.ts'
import { actorOf, operator } from './operator.ts'

/** `gomask retention` */
export const retention = defineCommand({
  meta: {
    name: 'retention',
    description:
      'Forget now whatever has passed its retention period, as the nightly job does, and print how much of each kind. Safe to run again',
  },
  args: {
    'dry-run': { type: 'boolean', default: false, description: 'only count what would be forgotten' },
    operator,
  },
  async run({ args }) {
    const by = actorOf('retention', args.operator)
    const config = loadConfig()
    const db = await openReady({ ...config, MIGRATE_ON_START: false }, commandLogger(config.LOG_LEVEL), {
      // What is forgotten goes in batches; what is only counted is counted at once.
      ...(args['dry-run'] && { timeouts: UNHURRIED }),
    })
    try {
      const { finished: _, ...forgotten } = await applyRetention(db, config, { dryRun: args['dry-run'], by })
      for (const [what, count] of Object.entries(forgotten)) console.log(`${what} ${count}`)
    } catch (error) {
      throw discreet(error)
    } finally {
      await db.close()
    }
  },
})
