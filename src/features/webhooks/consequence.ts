import type { Instant } from '../../domain/instant.ts'
import { DAY_MS } from '../../domain/periods.ts'
import type { Posted } from '../../http/targets/post.ts'
import type { Attempt } from './delivery-queries.ts'

/** For how long an event is tried, and after which an endpoint that nothing reaches is paused. */
const PATIENCE_MS = 3 * DAY_MS

/** What is known of the endpoint when an attempt is made. */
interface Known {
  at: Instant
  status: 'active' | 'paused' | 'ended'
  failingSince: Instant | null
}

/**
 * What follows from an attempt. An endpoint that nothing has reached for three days is paused, and keeps all that
 * waits; where other events arrive, one that does not is given up after three days.
 */
export function consequenceOf(
  { fault }: Posted,
  endpoint: Known,
  lane: { failingSince: Instant | null },
  isTest: boolean,
): Pick<Attempt, 'outcome' | 'status' | 'fault'> {
  if (fault === null) return { outcome: 'delivered', status: endpoint.status === 'paused' ? 'active' : null, fault }
  if (fault === 'gone') return { outcome: 'given_up', status: 'ended', fault }
  // A test is one attempt.
  if (isTest) return { outcome: 'given_up', status: null, fault }
  const isOver = (since: Instant | null) => since !== null && endpoint.at - since >= PATIENCE_MS
  if (isOver(endpoint.failingSince)) return { outcome: 'failed', status: 'paused', fault }
  return { outcome: isOver(lane.failingSince) ? 'given_up' : 'failed', status: null, fault }
}
