import type { Test } from 'tap'
import { parseIssuers } from '../../src/http/issuers/configuration.ts'
import { openIdIssuer } from '../../src/http/issuers/openid.ts'
import type { KeyTiming } from '../../src/http/issuers/remote-keys.ts'
import { ISSUER } from '../../src/http/tokens.ts'
import type { RunningProvider } from './provider.ts'
import { type Service, startService } from './service.ts'

/** As OIDC_ISSUERS_FILE names a provider that stands in the place of Pro Santé Connect, or as said. */
export function settingsOf({ issuer, audience }: RunningProvider, more: object = {}): object {
  // Another app’s audience stands before it.
  const audiences = ['urn:another-app', audience]
  return { issuer, audience: audiences, algorithms: ['RS256'], profile: 'pro-sante-connect', enrol: true, ...more }
}

/** A service that accepts tokens of these issuers, and keeps their keys for as long as is said. */
export function startWithIssuers(
  t: Pick<Test, 'teardown'>,
  issuers: (object & { timing?: Partial<KeyTiming> })[],
  config: Parameters<typeof startService>[1] = {},
): Promise<Service> {
  const log = { warn: () => {} }
  const timings = issuers.map(({ timing }) => timing ?? {})
  const settings = parseIssuers(
    issuers.map(({ timing: _, ...each }) => each),
    [ISSUER],
  )
  return startService(t, config, {
    issuers: (db) => settings.map((each, index) => openIdIssuer(each, { db, log, timing: timings[index] ?? {} })),
  })
}

/** The claims of Pro Santé Connect for somebody known by this number. */
export function claimsFor(identifier: string, { profession = '60', finess = [''], ...more }: Claimed = {}): Claims {
  const activities = finess.map((numeroFinessSite) => ({ codeModeExercice: 'L', numeroFinessSite }))
  return {
    acr: 'eidas1',
    SubjectNameID: `${identifier.length === 11 ? 8 : 0}${identifier}`,
    SubjectRefPro: { codeCivilite: 'M', exercices: [{ codeProfession: profession, activities }] },
    family_name: 'Spécialiste',
    given_name: 'Robert',
    ...more,
  }
}

type Claims = Record<string, unknown>
type Claimed = Claims & { profession?: string; finess?: (string | null)[] }
