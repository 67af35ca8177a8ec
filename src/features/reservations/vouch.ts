import { instantOf } from '../../domain/instant.ts'
import type { Deps } from '../../http/service.ts'
import { signVoucher } from '../../http/vouchers.ts'
import type { Reservation } from './schema.ts'

/** Gives a professional's own reservation its voucher, while it is live. */
export type Vouch = (professional: string, own: Reservation) => Reservation

/** Makes the function that gives reservations their vouchers. */
export function voucher(signing: Pick<Deps, 'config' | 'keys'>): Vouch {
  return (professional, own) => {
    if (own.status !== 'held') return own // A counter without a network would take it.
    const { createdAt, expiresAt, pharmacy } = own
    const held = { ...own, pharmacy: pharmacy.finess, createdAt: instantOf(createdAt), expiresAt: instantOf(expiresAt) }
    return { ...own, voucher: signVoucher(signing, professional, held) }
  }
}
