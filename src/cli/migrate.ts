import { defineCommand } from 'citty'
import { loadConfig } from '../config.ts'
import { migrateOnly } from '../db/open.ts'
import { commandLogger } from '../logger.ts'

/** `gomask migrate` */
export const migrate = defineCommand({
  meta: {
    name: 'migrate',
    description: 'Bring the database up to date. Safe to run again, and from several processes at once.',
  },
  async run() {
    const config = loadConfig()
    const names = await migrateOnly(config, commandLogger(config.LOG_LEVEL))
    for (const name of names) console.log(`applied ${name}`)
    console.log('the database is up to date')
  },
})
