import { hash, hkdfSync, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Config, ConfigError } from '../config.ts'
import { textOf } from '../domain/text.ts'
import { ownKey } from './key-file.ts'

/** A key from which the secrets of webhook endpoints are derived, so that the database holds none of them. */
export interface WebhookKey {
  id: string
  /** 32 bytes that only who has this key can tell from the seed. */
  derive(seed: Buffer, purpose: string): Buffer
}

/** The first makes new secrets; the others go on making those that were derived from them. */
export type WebhookKeys = readonly [WebhookKey, ...WebhookKey[]]

const BYTES = 32

/** Loads the keys from WEBHOOK_KEY_FILE or from DATA_DIR, where one is made once: 32 bytes in base64url a line. */
export async function loadWebhookKeys(config: Pick<Config, 'WEBHOOK_KEY_FILE' | 'DATA_DIR'>): Promise<WebhookKeys> {
  const text = config.WEBHOOK_KEY_FILE
    ? textOf(await readFile(config.WEBHOOK_KEY_FILE))
    : await ownKey(config.DATA_DIR, 'webhooks.key', newWebhookKey)
  const [first, ...others] = text
    .split(/\s+/)
    .filter((line) => line !== '')
    .map(webhookKeyOf)
  if (!first) throw new ConfigError('WEBHOOK_KEY_FILE: holds no key')
  return [first, ...others]
}

/** A new key, as a line of the file. */
export function newWebhookKey(): string {
  return `${randomBytes(BYTES).toString('base64url')}\n`
}

/** Reads a line of the file. */
export function webhookKeyOf(line: string): WebhookKey {
  const key = Buffer.from(line.trim(), 'base64url')
  if (key.length !== BYTES) throw new ConfigError('WEBHOOK_KEY_FILE: holds a line that is not 32 bytes in base64url')
  return {
    id: hash('sha256', key).slice(0, 16),
    derive: (seed, purpose) => Buffer.from(hkdfSync('sha256', key, seed, `gomask webhook ${purpose}`, BYTES)),
  }
}
