import { instantOf } from '../../domain/instant.ts'
import type { Deps } from '../../http/service.ts'
import { signVoucher } from '../../http/vouchers.ts'
import type { Reservation } from './schema.ts'

/**
 * Gives a professional's own reservation its voucher, while it is live. To be awaited before the writes of a
 * transaction are sent, since they leave with its COMMIT.
 */
export type Vouch = (professional: string, own: Reservation) => Promise<Reservation>

/** Makes the function that gives reservations their vouchers. */
export function voucher(signing: Pick<Deps, 'config' | 'keys'>): Vouch {
  return async (professional, own) => {
    if (own.status !== 'held') return own // A counter without a network would take it.
    const { createdAt, expiresAt, pharmacy } = own
    const held = { ...own, pharmacy: pharmacy.finess, createdAt: instantOf(createdAt), expiresAt: instantOf(expiresAt) }
    return { ...own, voucher: await signVoucher(signing, professional, held) }
  }
}
