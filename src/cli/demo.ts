import { defineCommand } from 'citty'
import closeWithGrace from 'close-with-grace'
import { type Config, loadConfig } from '../config.ts'
import { readClock } from '../db/clock.ts'
import { openReady } from '../db/open.ts'
import type { Instant } from '../domain/instant.ts'
import { inLanguage, type Language, languages, type Text } from '../domain/language.ts'
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
import {
  asTold,
  counting,
  invented,
  listensAt,
  listensElsewhere,
  makingIn,
  opening,
  puttingPharmacies,
  puttingProfessionals,
  starting,
} from './demo/texts.ts'
import { transcript } from './demo/transcript.ts'
import { makeWorld, type World } from './demo/world.ts'
import { CommandError } from './errors.ts'

const LOG_LEVEL = 'warn' // Standard output is the story's.

/** `gomask demo` */
export const demo = defineCommand({
  meta: {
    name: 'demo',
    description:
      'Play the main job on invented data, over HTTP against its own service, and keep serving until Ctrl-C. Exits 1 if a step turns out differently.',
  },
  args: {
    exit: { type: 'boolean', description: 'Stop after the story.' },
    lang: { type: 'string', default: 'en', description: 'Tell it in English (en) or French (fr).' },
  },
  async run({ args: { exit, lang } }) {
    const language = languages.find((each) => each === lang)
    if (!language) throw new CommandError(`--lang: must be one of ${languages.join(', ')}`)
    const config = await ownConfig(loadConfig())
    const world = makeWorld()
    console.log(`${inLanguage(invented, language)}\n`)
    const at = await fill(config, world, language)
    const running = await serve(config, language)
    const grace = closeWithGrace({ delay: 9_000, logger: running.app.log }, () => running.close())
    let goesOn = false
    try {
      const { url } = running
      const cast = await makeCast(running.key)
      await playStory({
        tell: transcript(url, language),
        language,
        url,
        ledgerKeys: running.signers,
        cast,
        home: world.home,
        at,
      })
      if (exit) console.log(`\n${inLanguage(asTold, language)}`)
      else await invite(url, cast, world.home, language)
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
async function fill(
  config: Config,
  { communes, pharmacies, professionals, home }: World,
  language: Language,
): Promise<Instant> {
  const take = <T>(what: Text, work: () => Promise<T>) => timed(inLanguage(what, language), work, language)
  const db = await take(config.DATABASE_URL ? opening : makingIn(config.DATA_DIR), () =>
    openReady(config, commandLogger(LOG_LEVEL)),
  )
  const stocked = pharmacies.filter((pharmacy) => pharmacy !== home)
  try {
    await fillProducts(db)
    await take(puttingPharmacies(pharmacies.length, communes), () => fillPharmacies(db, pharmacies))
    await take(counting, () => fillStock(db, stocked))
    await take(puttingProfessionals(professionals.length), async () => {
      await fillProfessionals(db, professionals)
      await fillRule(db, language)
    })
    return await readClock(db)
  } finally {
    await db.close()
  }
}

async function serve(config: Config, language: Language): Promise<Running> {
  const PORT = await freePort(config.HOST, config.PORT)
  const running = await timed(
    inLanguage(starting, language),
    () => start({ ...config, PORT, OPERATIONS_PORT: 0 }),
    language,
  )
  const where = PORT === config.PORT ? listensAt(running.url) : listensElsewhere(running.url, String(config.PORT))
  console.log(inLanguage(where, language))
  return running
}
