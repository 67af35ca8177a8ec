/** What there are events of. Never renamed; webhooks and followers choose among them. */
export const eventTypes = [
  'reservation.created',
  'reservation.cancelled',
  'reservation.expired',
  'reservation.collected',
  'stock.declared',
  'stock.depleted',
  'stock.replenished',
  'dispensation.recorded',
  'dispensation.reversed',
  'rule.published',
  'rule.in_force',
  'service.changed',
  'alert.stock',
] as const

export type EventType = (typeof eventTypes)[number]

/** What an event is about: the part of its type before the dot. */
export type EventKind = EventType extends `${infer Kind}.${string}` ? Kind : never
