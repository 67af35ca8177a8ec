import { timingSafeEqual } from 'node:crypto'
import { Rejection } from './refusals.ts'

// Crockford's base 32: no I, L, O or U, which are misread or misheard at a counter.
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const CODE = new RegExp(`^[${ALPHABET}]{4}-[${ALPHABET}]{4}$`)

/**
 * How many codes may be wrong within an hour, at a pharmacy and for one reservation, before no more are looked at. A
 * code is one of 2^40. The chance that somebody who tries all day finds
 * - the code of a named reservation is 5 × 24 / 2^40 = 1.1 × 10^-10;
 * - by lookups, any of 1,000 live reservations at a pharmacy is 60 × 24 × 1,000 / 2^40 = 1.3 × 10^-6: once in 2,000
 *   years.
 * With the limit of 600 requests a minute alone, the second would be 7.9 × 10^-4 a day for each caller and process.
 */
export const WRONG_CODES_AN_HOUR = { atPharmacy: 60, ofReservation: 5 }

/** Rejects a try that has to wait, even with the right code: otherwise there would be no limit. */
export function requireTriesLeft(waitSeconds: number | null): void {
  if (waitSeconds === null) return
  throw new Rejection(
    'rate_limited',
    {
      en: 'Too many pick-up codes were wrong within the hour. Try again later.',
      fr: 'Trop de codes de retrait étaient faux dans l’heure. Réessayez plus tard.',
    },
    { waitSeconds: Math.max(1, waitSeconds) },
  )
}

/** Eight characters from five random bytes: 40 bits, grouped for reading aloud, `7K3M-9QXA`. */
export function pickupCode(random: Buffer): string {
  const bits = random.readUIntBE(0, 5)
  const letters = Array.from({ length: 8 }, (_, i) => ALPHABET[Math.floor(bits / 32 ** (7 - i)) % 32])
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`
}

/** What a QR code says before the pick-up code, so that a till's one field for scans tells it from a pack's barcode. */
const QR_PREFIX = /^\s*GOMASK:/

/**
 * Turns what somebody typed or a scanner read into a code as issued: ignores case, spaces and every kind of dash
 * (phones write others than the hyphen of a keyboard), reads O as 0, I and L as 1. A QR code holds the code behind
 * `GOMASK:`, in QR's alphanumeric mode.
 */
export function normalisePickupCode(typed: string): string {
  const plain = typed
    .toUpperCase()
    .replace(QR_PREFIX, '')
    .replace(/[\s\p{Dash}\p{Cf}]/gu, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1')
  return `${plain.slice(0, 4)}-${plain.slice(4)}`
}

/** Whether this could be a code at all: eight characters of the alphabet, however they are written. */
export function canBePickupCode(typed: string): boolean {
  return CODE.test(normalisePickupCode(typed))
}

/** Whether somebody typed this code. The time that it takes does not reveal how much of it was right. */
export function isPickupCode(typed: string, issued: string): boolean {
  const [given, right] = [Buffer.from(normalisePickupCode(typed)), Buffer.from(issued)]
  return given.length === right.length && timingSafeEqual(given, right)
}
