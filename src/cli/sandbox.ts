import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { defineCommand } from 'citty'
import closeWithGrace from 'close-with-grace'
import { type Config, loadConfig } from '../config.ts'
import { openReady } from '../db/open.ts'
import type { Sandbox } from '../http/service.ts'
import { openCheckpointFolder } from '../jobs/ledger/checkpoint-folder.ts'
import { loadLedgerKeys } from '../keys/ledger-keys.ts'
import { loadSigningKeys } from '../keys/signing-keys.ts'
import { commandLogger } from '../logger.ts'
import { start } from '../server.ts'
import { emptyFolder } from './demo/folder.ts'
import { freePort } from './demo/port.ts'
import { timed } from './demo/progress.ts'
import { fillSandbox } from './sandbox/fill.ts'
import { peopleOf } from './sandbox/people.ts'

/** `gomask sandbox` */
export const sandbox = defineCommand({
  meta: {
    name: 'sandbox',
    description:
      'Serve invented people, pharmacies and packs that are the same at each start, for those who write tills and apps: with ready tokens, faults on demand, a clock that moves, and a judgement of what was sent. Always an embedded database, emptied first.',
  },
  async run() {
    const config = await ownConfig(loadConfig())
    const filled = await timed('Making the sandbox', () => makeSandbox(config))
    const [key] = await loadSigningKeys(config)
    const people = await peopleOf(key)
    const running = await start(config, { ...filled, people } satisfies Sandbox)
    closeWithGrace({ delay: 9_000, logger: running.app.log }, () => running.close())
    const { url } = running
    console.log(`The sandbox listens at ${url} until Ctrl-C.

who and what is in it, with tokens   GET  ${url}/v1/sandbox
documentation                        GET  ${url}/docs
move its clock                       POST ${url}/v1/sandbox/clock {"aheadSeconds": 604800}
a fault on demand                    X-Sandbox-Fault: answer_lost
did my till keep the rules?          GET  ${url}/v1/sandbox/conformance`)
  },
})

async function makeSandbox(config: Config): ReturnType<typeof fillSandbox> {
  const db = await openReady(config, commandLogger(config.LOG_LEVEL))
  try {
    const folder = await openCheckpointFolder(join(config.DATA_DIR, 'checkpoints'))
    return await fillSandbox({ db, folder, signers: await loadLedgerKeys(config) })
  } finally {
    await db.close()
  }
}

/** Keys of its own, so that its tokens work nowhere else, and never the operator's database. */
async function ownConfig({
  DATABASE_URL: _,
  DATABASE_READ_URL: __,
  SIGNING_KEY_FILE: ___,
  LEDGER_KEY_FILE: ____,
  CHECKPOINT_DIR: _____,
  OIDC_ISSUERS_FILE: ______,
  ...given
}: Config): Promise<Config> {
  const PORT = await freePort(given.HOST, given.PORT)
  const DATA_DIR = await emptyFolder(given.DATA_DIR, 'sandbox')
  const { PUBLIC_URL = `http://${isIPv6(given.HOST) ? `[${given.HOST}]` : given.HOST}:${PORT}` } = given
  const fixed = { LOG_LEVEL: 'warn', FOUR_EYES: 'false', OPEN_DATA: 'bands', OPERATIONS_PORT: 0 } as const
  return { ...given, ...fixed, PUBLIC_URL, DATA_DIR, PORT }
}
