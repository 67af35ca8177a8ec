import { defineCommand } from 'citty'
import closeWithGrace from 'close-with-grace'
import { type Config, loadConfig } from '../config.ts'
import { readClock } from '../db/clock.ts'
import { openReady } from '../db/open.ts'
import type { Instant } from '../domain/instant.ts'
import { commandLogger } from '../logger.ts'
import { type Running, start } from '../server.ts'
import { makeCast } from './demo/cast.ts'
import { fillPharmacies, fillProducts, fillProfessionals, fillRule, fillStock } from './demo/fill.ts'
import { emptyFolder } from './demo/folder.ts'
import { invite } from './demo/invitation.ts'
import { freePort } from './demo/port.ts'
import { timed } from './demo/progress.ts'
import { playStory } from './demo/story.ts'
import { requireUnused } from './demo/target.ts'
import { transcript } from './demo/transcript.ts'
import { makeWorld, type World } from './demo/world.ts'

const LOG_LEVEL = 'warn' // Standard output is the story's.

/** `gomask demo` */
export const demo = defineCommand({
  meta: {
    name: 'demo',
    description:
      'Play the main job on invented data, over HTTP against its own service, and keep serving until Ctrl-C. Exits 1 if a step turns out differently.',
  },
  args: { exit: { type: 'boolean', description: 'Stop after the story.' } },
  async run({ args: { exit } }) {
    const config = await ownConfig(loadConfig())
    const world = makeWorld()
    console.log(
      'The people and pharmacies of this demo are invented; the communes of Occitanie that they are in are real.\n',
    )
    const at = await fill(config, world)
    const running = await serve(config)
    const grace = closeWithGrace({ delay: 9_000, logger: running.app.log }, () => running.close())
    let goesOn = false
    try {
      const { url } = running
      const cast = await makeCast(running.key)
      await playStory({ tell: transcript(url), url, ledgerKeys: running.signers, cast, home: world.home, at })
      if (exit) console.log('\nAll went as told.')
      else await invite(url, cast, world.home)
      goesOn = !exit
    } finally {
      if (!goesOn) {
        // Its handlers would exit with 0, however the story ended.
        grace.uninstall()
        await running.close()
      }
    }
  },
})

/**
 * The operator's configuration with an empty data folder for the demo, and so with separate keys: the tokens that it
 * prints work nowhere else. A database on a server must be unused.
 */
async function ownConfig({
  SIGNING_KEY_FILE: _,
  LEDGER_KEY_FILE: __,
  CHECKPOINT_DIR: ___,
  ...given
}: Config): Promise<Config> {
  if (given.DATABASE_URL) await requireUnused(given.DATABASE_URL)
  return { ...given, LOG_LEVEL, FOUR_EYES: 'false', DATA_DIR: await emptyFolder(given.DATA_DIR) }
}

/** Fills the database and returns its clock. */
async function fill(config: Config, { communes, pharmacies, professionals, home }: World): Promise<Instant> {
  const opening = config.DATABASE_URL
    ? 'Opening the database'
    : `Making an embedded database in ${config.DATA_DIR}, which takes a while`
  const db = await timed(opening, () => openReady(config, commandLogger(LOG_LEVEL)))
  const stocked = pharmacies.filter((pharmacy) => pharmacy !== home)
  try {
    await fillProducts(db)
    await timed(`Putting in ${pharmacies.length} pharmacies of ${communes} communes`, () =>
      fillPharmacies(db, pharmacies),
    )
    await timed('Counting the stock of most of them', () => fillStock(db, stocked))
    await timed(
      `Putting in ${professionals.length} professionals and a rule: 18 masks a week for each, at most 6 of them FFP2`,
      async () => {
        await fillProfessionals(db, professionals)
        await fillRule(db)
      },
    )
    return await readClock(db)
  } finally {
    await db.close()
  }
}

async function serve(config: Config): Promise<Running> {
  const PORT = await freePort(config.HOST, config.PORT)
  const running = await timed('Starting the service', () => start({ ...config, PORT, OPERATIONS_PORT: 0 }))
  console.log(
    `It listens at ${running.url}${PORT === config.PORT ? '' : `, as port ${config.PORT} is taken`}. Each request from here on goes there over HTTP, with its caller's token.`,
  )
  return running
}
