import { generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Config, ConfigError } from '../config.ts'
import { textOf } from '../domain/text.ts'
import { keyFile, ownKey, privatePems, replaceKeys } from './key-file.ts'
import { type SigningKeys, signingKeyOf } from './signing-key.ts'

type Place = Pick<Config, 'SIGNING_KEY_FILE' | 'DATA_DIR'>

const NAME = 'signing-es256.pem'

/**
 * Loads the ES256 keys that sign tokens from SIGNING_KEY_FILE or from DATA_DIR, where one is made once. The file may
 * contain several: the first signs, all verify.
 */
export async function loadSigningKeys(config: Place): Promise<SigningKeys> {
  const text = config.SIGNING_KEY_FILE
    ? textOf(await readFile(config.SIGNING_KEY_FILE))
    : await ownKey(config.DATA_DIR, NAME, newKey)
  const [first, ...others] = await Promise.all(privatePems(text).map(keyOf))
  if (!first) throw new ConfigError('SIGNING_KEY_FILE: holds no private key in PEM')
  return [first, ...others]
}

/** Replaces the keys that sign tokens, atomically; running processes keep those that they read at start. */
export async function saveSigningKeys(config: Place, [first, ...others]: SigningKeys): Promise<void> {
  const pems = [first, ...others].map(({ privateKey }) =>
    privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  )
  await replaceKeys(config.SIGNING_KEY_FILE ?? keyFile(config.DATA_DIR, NAME), pems.join(''))
}

/** A new key in PEM. */
export function newKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
}

// The parser's own message may quote what it could not read.
function keyOf(pem: string) {
  return signingKeyOf(pem).catch(() => {
    throw new ConfigError('SIGNING_KEY_FILE: holds a key that is not a P-256 key without a password')
  })
}
