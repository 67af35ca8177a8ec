import { readFile } from 'node:fs/promises'
import { type Config, ConfigError } from './config.ts'
import { textOf } from './domain/text.ts'
import { type IssuerSettings, parseIssuers } from './http/issuers/configuration.ts'
import { ISSUER } from './http/tokens.ts'

/** Reads the issuers of people's tokens from OIDC_ISSUERS_FILE; none if it is not set. */
export async function loadIssuers({
  OIDC_ISSUERS_FILE: file,
  PUBLIC_URL: publicUrl,
}: Pick<Config, 'OIDC_ISSUERS_FILE' | 'PUBLIC_URL'>): Promise<IssuerSettings[]> {
  if (file === undefined) return []
  try {
    const issuers = parseIssuers(
      JSON.parse(textOf(await readFile(file))),
      publicUrl === undefined ? [ISSUER] : [ISSUER, publicUrl],
    )
    await requireSecrets(issuers)
    return issuers
  } catch (error) {
    // Messages of JSON.parse quote the text around the mistake, including line breaks.
    throw new ConfigError(`OIDC_ISSUERS_FILE: ${messageOf(error).replaceAll(/\s+/g, ' ')}`)
  }
}

// They are read again for each question; one that is not there should stop the start.
async function requireSecrets(issuers: readonly IssuerSettings[]): Promise<void> {
  for (const [index, { exchange }] of issuers.entries()) {
    if (exchange?.check !== 'introspection') continue
    const read = async () => textOf(await readFile(exchange.clientSecretFile)).trim()
    const fault = await read().then((secret) => (secret === '' ? 'is empty' : undefined), messageOf)
    if (fault !== undefined) throw new Error(`[${index}].exchange.clientSecretFile: ${fault}`)
  }
}

function messageOf(error: unknown): string {
  return (error as Error).message
}
