import { randomBytes, sign } from 'node:crypto'
import { base64url, compactVerify, createLocalJWKSet } from 'jose'
import { z } from 'zod'
import type { Text } from '../domain/language.ts'
import type { NamedBy, NamedByVoucher } from '../domain/named-reservations.ts'
import { invalid } from '../domain/refusals.ts'
import { type Vouched, voucherClaims, voucherInvalid } from '../domain/voucher.ts'
import { finess, uuid } from './schemas.ts'
import type { Deps } from './service.ts'
import { ISSUER } from './tokens.ts'

/** As a scanner reads it. What it says is checked by its signature. */
export const voucher = z
  .string()
  .min(1)
  .max(2_000)
  .describe('A reservation’s `voucher`, as its QR code says it, in place of id and code.')
  .meta({ pattern: '^[A-Za-z0-9_-]+(?:\\.[A-Za-z0-9_-]+){2}$' })

/** Tells a voucher from an access token, which the same keys sign. */
const VOUCHER_TYPE = 'gomask-voucher+jwt'
const SALT_BYTES = 16

type Signing = Pick<Deps, 'config' | 'keys'>

/**
 * Signs the voucher of a professional's live reservation. Each has a salt and a signature of its own, and all those of
 * one reservation are good: it is by the reservation that they are used once. A compact JWS (RFC 7515), made here and
 * at once: jose signs on another thread, and everybody who wants of the shelf would wait until this one is free again.
 */
export function signVoucher({ config, keys: [key] }: Signing, professional: string, held: Vouched): string {
  const claims = voucherClaims(held, professional, randomBytes(SALT_BYTES).toString('base64url'))
  const header = { alg: 'ES256', typ: VOUCHER_TYPE, kid: key.id }
  const said = [header, { iss: config.PUBLIC_URL ?? ISSUER, ...claims }].map((part) =>
    base64url.encode(JSON.stringify(part)),
  )
  const signature = sign('sha256', Buffer.from(said.join('.')), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  return [...said, base64url.encode(signature)].join('.')
}

// The rest is for whoever has no network: of what a reservation is, the database knows better.
const claims = z.object({ iss: z.string(), jti: uuid, pharmacy: finess })

/**
 * Makes the function that tells which reservation a voucher names; undefined if it is none of this service's. When it
 * ends and whether it was used is left to the reservation.
 */
export function voucherReader({ config, keys }: Signing): (voucher: string) => Promise<NamedByVoucher | undefined> {
  const keySet = createLocalJWKSet({ keys: keys.map(({ publicJwk }) => publicJwk) })
  const names = [ISSUER, config.PUBLIC_URL]
  return async (voucher) => {
    const verified = await compactVerify(voucher.trim(), keySet, { algorithms: ['ES256'] }).catch(() => undefined)
    if (verified?.protectedHeader.typ !== VOUCHER_TYPE) return undefined
    const { iss, jti, pharmacy } = claims.parse(JSON.parse(Buffer.from(verified.payload).toString()))
    return names.includes(iss) ? { id: jti, voucher: { pharmacy } } : undefined
  }
}

/** What a body says to name a reservation: `id` and `pickupCode`, or `voucher`. */
export interface SaidReservation {
  id?: string | undefined
  pickupCode?: string | undefined
  voucher?: string | undefined
}

/** What is said of a list that names a reservation more than once. */
export const namedTwice: Text = {
  en: 'must name each reservation once',
  fr: 'doit nommer chaque option une seule fois',
}

/**
 * Makes the function that reads the reservations that a hand-over names. What it finds is given, or thrown, only when
 * asked for: a request that was answered before is answered again, whatever has become of the key that signed.
 */
export function namedReader(signing: Signing): (said: readonly SaidReservation[]) => Promise<() => NamedBy[]> {
  const read = voucherReader(signing)
  const readOne = async ({ id = '', pickupCode = '', voucher }: SaidReservation): Promise<NamedBy | undefined> =>
    voucher === undefined ? { id, pickupCode } : read(voucher)
  return async (said) => {
    const found = await Promise.all(said.map(readOne))
    return () => {
      const named = found.map((each) => {
        if (each === undefined) throw voucherInvalid()
        return each
      })
      if (new Set(named.map(({ id }) => id)).size < named.length) throw invalid('reservations', namedTwice)
      return named
    }
  }
}
