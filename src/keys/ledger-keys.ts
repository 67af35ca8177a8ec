import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Config, ConfigError } from '../config.ts'
import { type Signer, signerOf } from '../domain/signed-note.ts'
import { textOf } from '../domain/text.ts'
import { ownKey, privatePems } from './key-file.ts'

/**
 * Loads the Ed25519 keys that sign checkpoints from LEDGER_KEY_FILE or from DATA_DIR, where one is made once. The file
 * may contain several: the first also signs receipts, the others sign checkpoints beside it until readers know the
 * first.
 */
export async function loadLedgerKeys(
  config: Pick<Config, 'LEDGER_KEY_FILE' | 'LEDGER_ORIGIN' | 'DATA_DIR'>,
): Promise<[Signer, ...Signer[]]> {
  const pem = config.LEDGER_KEY_FILE
    ? textOf(await readFile(config.LEDGER_KEY_FILE))
    : await ownKey(config.DATA_DIR, 'ledger-ed25519.pem', newKey)
  const [first, ...others] = privatePems(pem).map((block) => {
    const key = createPrivateKey(block)
    if (key.asymmetricKeyType !== 'ed25519') throw new ConfigError('LEDGER_KEY_FILE: holds a key that is not Ed25519')
    return signerOf(config.LEDGER_ORIGIN, key)
  })
  if (!first) throw new ConfigError('LEDGER_KEY_FILE: holds no key in PEM')
  return [first, ...others]
}

function newKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}
