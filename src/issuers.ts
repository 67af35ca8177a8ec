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
    return parseIssuers(
      JSON.parse(textOf(await readFile(file))),
      publicUrl === undefined ? [ISSUER] : [ISSUER, publicUrl],
    )
  } catch (error) {
    // Messages of JSON.parse quote the text around the mistake, including line breaks.
    throw new ConfigError(`OIDC_ISSUERS_FILE: ${(error as Error).message.replaceAll(/\s+/g, ' ')}`)
  }
}
