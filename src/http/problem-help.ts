import type { ProblemCode } from './problem.ts'

interface Help {
  /** What has happened. */
  cause: string
  /** What the caller does about it. */
  cure: string
}

const wait = 'Wait as long as `Retry-After` says, then send the same request with the same key.'

/** What each code means and what to do about it: the page for those who program against them. */
export const help: Record<ProblemCode, Help> = {
  invalid_request: {
    cause: 'The request is not well formed, or a field is wrong, missing or unknown.',
    cure: 'Correct the fields that `errors` names. Never send the same request again.',
  },
  idempotency_key_missing: {
    cause: 'This write needs an `Idempotency-Key`.',
    cure: 'Make a key for each new request, keep it, and send it again with each retry.',
  },
  dispensed_at_out_of_range: {
    cause: '`dispensedAt` lies more than 5 minutes back or ahead; in an offline batch, ahead or too many days back.',
    cure: 'Set the clock of the till. Send what was handed over off line in an offline batch.',
  },
  target_refused: {
    cause: 'The URL is not one that this service delivers to: local, private, not https, or with a password.',
    cure: 'Name a receiver on the public internet. The operator can allow networks of their own.',
  },
  unauthenticated: {
    cause: 'There is no bearer token, or it is not valid (any more).',
    cure: 'Get a new token, then send the same request with the same key.',
  },
  forbidden: {
    cause: 'The role, the scope, the pharmacy or the territory is not the token’s.',
    cure: 'Ask the operator for the right, or the pharmacy for its grant. `scope` names a scope that is lacking.',
  },
  pharmacy_suspended: {
    cause: 'The operator has suspended or closed this pharmacy.',
    cure: 'Ask the operator of the service.',
  },
  not_found: {
    cause: 'It does not exist, or it is somebody else’s: the answer is the same.',
    cure: 'Check the id, the number and the caller. Never try ids one after the other: that is limited.',
  },
  method_not_allowed: { cause: 'The path has no such method.', cure: 'Use one of those in `Allow`.' },
  entitlement_exceeded: {
    cause: 'More is asked for than the rule in force leaves.',
    cure: 'Offer what `remaining` says, or say when more is allowed: `resetsAt`. An `override` is a last resort.',
  },
  entitlement_held: {
    cause: 'The professional’s own live reservations, here or elsewhere, use up the entitlement.',
    cure: 'Collect them by naming them in `reservations`, or ask whether to cancel them and send `releaseHolds`.',
  },
  no_rule_in_force: {
    cause: 'No allocation rule is in force for this product in this territory.',
    cure: 'Hand nothing over. Look at `GET /v1/allocation-rules`, or ask the authority.',
  },
  profession_not_entitled: {
    cause: 'Rules are in force for the product, and none of them names this profession.',
    cure: 'Hand nothing over. If the profession in the directory is wrong, the operator corrects it.',
  },
  professional_unknown: {
    cause: 'The directory knows nobody with this number.',
    cure: 'Check the number on the card. If it is right, the operator puts the person in.',
  },
  professional_suspended: {
    cause: 'The operator has suspended this professional.',
    cure: 'Ask the operator of the service.',
  },
  product_unknown: {
    cause: 'The catalogue has no pack with this GTIN.',
    cure: 'Say `product` and `quantity`, and ask the operator to put the pack in.',
  },
  product_inactive: {
    cause: 'The product is no longer distributed.',
    cure: 'Read `GET /v1/products` again and offer another one.',
  },
  stock_insufficient: {
    cause: 'The pharmacy has fewer masks that are not promised to others.',
    cure: 'Take what `available` says. If the shelf has more, count it: `PUT …/stock/{product}`.',
  },
  no_stock_in_reach: {
    cause: 'No pharmacy within `maxDistanceMetres` has the whole quantity now.',
    cure: 'Ask for fewer masks, or look farther.',
  },
  stock_count_outdated: {
    cause: 'A newer count of this shelf is recorded already.',
    cure: 'Drop this one. Count again if the stock shown is wrong.',
  },
  too_many_holds: {
    cause: 'The professional has as many live reservations of this product as are allowed.',
    cure: 'Collect or cancel one first.',
  },
  reservations_closed: {
    cause: 'The pharmacy takes no reservations, by its own notice, until `until` if it says so.',
    cure: 'Name another pharmacy, or none and have the nearest found.',
  },
  reservation_not_held: {
    cause: 'The reservation was collected or cancelled.',
    cure: 'Read it again. To hand over all the same, leave it out of `reservations`.',
  },
  reservation_mismatch: {
    cause: 'No line asks for the product of a reservation that is named.',
    cure: 'Add a line of its product, or leave the reservation out.',
  },
  pickup_code_wrong: {
    cause: 'This professional has no such reservation with this pick-up code.',
    cure: 'Ask for the code again. Wrong codes are counted, and too many within an hour are 429.',
  },
  voucher_invalid: {
    cause: 'The voucher is not signed by a key of this service, or was altered, or is another kind of token.',
    cure: 'Scan it again. A keyboard scanner must be set to the layout of the computer. Or take the pick-up code.',
  },
  voucher_elsewhere: {
    cause: 'The voucher names another pharmacy, where its masks are set aside.',
    cure: 'Send the professional there, or hand over from your own stock without the voucher.',
  },
  voucher_expired: {
    cause: 'The reservation of the voucher had expired when the masks were handed over.',
    cure: 'Leave it out: whoever stands at the counter is served if stock and entitlement allow.',
  },
  voucher_not_theirs: {
    cause: 'The voucher is another professional’s than the one named.',
    cure: 'Check the card. Masks are handed to the person who reserved them.',
  },
  override_not_allowed: {
    cause: 'This pharmacy has used all the overrides of the last seven days.',
    cure: 'Hand over no more than the entitlement leaves.',
  },
  reversal_exceeds_dispensed: {
    cause: 'More would be taken back than was handed over and not yet taken back.',
    cure: 'Take back what `reversible` says.',
  },
  entry_not_in_checkpoint: {
    cause: 'The entry is newer than the newest checkpoint.',
    cure: 'Ask again in a few seconds.',
  },
  retention_running: {
    cause: 'An entry of this professional must be kept, or still counts in a rule’s window.',
    cure: 'Ask again after `until`.',
  },
  identity_in_doubt: {
    cause: 'Two records may be one person, who would have two shares: nothing is granted until somebody decides.',
    cure: 'Ask the operator of the service to decide the doubt.',
  },
  identity_decided: {
    cause: 'The doubt whether two records are one person has been decided already.',
    cure: 'Read the doubt: it shows the decision.',
  },
  client_revoked: { cause: 'The client was revoked, for good.', cure: 'Make another client.' },
  client_secrets_full: { cause: 'The client has two live secrets.', cure: 'Delete the old one first.' },
  idempotency_in_progress: {
    cause: 'A request with this key is under way.',
    cure: 'Send the same request with the same key again in a moment.',
  },
  consent_ended: {
    cause:
      'The request has been answered otherwise, has expired or was replaced by a newer one; `consentStatus` says which.',
    cure: 'The client asks anew.',
  },
  events_gone: {
    cause: 'Events after this place are older than the service keeps them.',
    cure: 'Read what you need anew, then follow from `after=latest`.',
  },
  webhook_endpoints_full: {
    cause: 'The client has as many webhook endpoints as it may have.',
    cure: 'Delete one that is not needed any more.',
  },
  webhook_endpoint_ended: {
    cause: 'The endpoint answered 410 Gone, and gets nothing any more.',
    cure: 'Make another endpoint.',
  },
  payload_too_large: { cause: 'The body is larger than this path takes.', cure: 'Send less at a time.' },
  uri_too_long: { cause: 'The URL is longer than this service takes.', cure: 'Shorten it.' },
  unsupported_media_type: {
    cause: 'The body is of another type than this path takes.',
    cure: 'Send it as the document says, mostly application/json.',
  },
  idempotency_key_reused: {
    cause: 'The key came with another request before.',
    cure: 'Make a new key for a new request. A retry repeats the very same body.',
  },
  rate_limited: {
    cause: 'Too many requests in a minute, too many at a time, or too many wrong codes or ids.',
    cure: wait,
  },
  headers_too_large: { cause: 'The URL and headers together are too large.', cure: 'Send fewer or shorter headers.' },
  internal: {
    cause: 'The service has failed; nothing was done.',
    cure: 'Report the `requestId`. The same request may be sent again.',
  },
  unavailable: { cause: 'The service is too busy or cannot reach its database; nothing was done.', cure: wait },
  outcome_unknown: {
    cause: 'The connection to the database broke while it was committing: the write may be done or not.',
    cure: 'Send the same request with the same key, which finds out: never ask the person at the counter to decide.',
  },
}
