import { readFile } from 'node:fs/promises'
import { type Config, ConfigError } from './config.ts'
import { type IssuerSettings, parseIssuers } from './http/issuers/configuration.ts'
import { ISSUER } from './http/tokens.ts'

/** Reads the issuers of people's tokens that OIDC_ISSUERS_FILE describes; none where it is not set. */
export async function loadIssuers({
  OIDC_ISSUERS_FILE: file,
  PUBLIC_URL: publicUrl,
}: Pick<Config, 'OIDC_ISSUERS_FILE' | 'PUBLIC_URL'>): Promise<IssuerSettings[]> {
  if (file === undefined) return []
  try {
    return parseIssuers(
      JSON.parse(await readFile(file, 'utf8')),
      publicUrl === undefined ? [ISSUER] : [ISSUER, publicUrl],
    )
  } catch (error) {
    // The messages of JSON.parse quote the text around the mistake, line breaks and all.
    throw new ConfigError(`OIDC_ISSUERS_FILE: ${(error as Error).message.replaceAll(/\s+/g, ' ')}`)
  }
}
