import { createHash } from 'node:crypto'
import type { Instant } from './instant.ts'
import { type Refusal, Rejection, refused } from './refusals.ts'

/** What a voucher says, besides who signed it. Times are whole seconds since 1970. */
export interface VoucherClaims {
  /** The reservation. */
  jti: string
  iat: number
  exp: number
  pharmacy: string
  product: string
  quantity: number
  salt: string
  /** Tells a counter that has read the card whether it is this person's, and nobody else the number. */
  professional: string
}

/** A reservation that a voucher is made for. */
export interface Vouched {
  id: string
  pharmacy: string
  product: string
  quantity: number
  createdAt: Instant
  expiresAt: Instant
}

/** The claims of a reservation's voucher. Both times are rounded down: it ends no later than its hold. */
export function voucherClaims(held: Vouched, professional: string, salt: string): VoucherClaims {
  const { id, pharmacy, product, quantity, createdAt, expiresAt } = held
  return {
    ...{ jti: id, iat: Math.floor(createdAt / 1000), exp: Math.floor(expiresAt / 1000) },
    ...{ pharmacy, product, quantity, salt, professional: saltedNumber(salt, professional) },
  }
}

// base64url of SHA-256 of the characters of the salt followed by those of the number.
function saltedNumber(salt: string, number: string): string {
  return createHash('sha256')
    .update(salt + number)
    .digest('base64url')
}

/** The rejection of what is no voucher of this service. */
export function voucherInvalid(): Rejection {
  return new Rejection('voucher_invalid', {
    en: 'This service did not sign this voucher, or it was altered. Scan it again, or take the pick-up code.',
    fr: 'Ce service n’a pas signé ce bon de retrait, ou le bon a été altéré. Scannez-le à nouveau, ou prenez le code de retrait.',
  })
}

/** The rejection of a voucher at a pharmacy that it does not name. */
export function voucherElsewhere(): Rejection {
  return new Rejection('voucher_elsewhere', {
    en: 'The masks of this voucher are set aside at another pharmacy, which the voucher names.',
    fr: 'Les masques de ce bon de retrait sont mis de côté dans une autre officine, que le bon nomme.',
  })
}

/** The refusal of a voucher whose hold ended before. */
export function voucherExpired(reservation: string): Refusal {
  return refused(
    'voucher_expired',
    {
      en: 'The reservation of this voucher has expired. Leave it out: stock and entitlement decide what may be handed over.',
      fr: 'L’option de ce bon de retrait a expiré. Laissez-la de côté : le stock et le droit restant décident de la remise.',
    },
    { reservation },
  )
}

/** The refusal of a voucher that somebody else's card is shown with. */
export function voucherNotTheirs(reservation: string): Refusal {
  return refused(
    'voucher_not_theirs',
    {
      en: 'This voucher is another professional’s. Check the card.',
      fr: 'Ce bon de retrait est celui d’un autre professionnel. Vérifiez la carte.',
    },
    { reservation },
  )
}
