import { z } from 'zod'
import { access } from '../../http/access-schema.ts'
import { ledgerEntry } from '../../http/entry-schema.ts'
import { oneOf, time, uuid } from '../../http/schemas.ts'

/** The name and version of the shape. */
export const FORMAT = 'gomask-subject-data-v1'

const days = z.int()

const directoryRecord = z
  .object({
    person: uuid.describe('Your surrogate in the ledger.'),
    mergedInto: uuid.nullable().describe('The record that continues the history, if two turned out to be yours.'),
    numbers: z.array(z.string()).describe('RPPS and ADELI.'),
    profession: z.string().nullable().describe('Null as long as the directory knows your number alone.'),
    speciality: z.string().nullable(),
    familyName: z.string().nullable(),
    givenName: z.string().nullable(),
    status: oneOf(['active', 'suspended']),
    practice: z
      .object({ latitude: z.number(), longitude: z.number(), territory: z.string() })
      .nullable()
      .describe('The main practice.'),
    updatedAt: time,
  })
  .meta({ id: 'DirectoryRecord' })

const ownDoubt = z
  .object({
    openedAt: time,
    issuer: z.string().describe('Whose login said so.'),
    decision: z.enum(['same', 'distinct']).nullable(),
    decidedAt: time.nullable(),
  })
  .meta({ id: 'OwnDoubt' })

const ownEntry = ledgerEntry
  .extend({
    person: uuid,
    canonical: z
      .string()
      .describe('The sealed bytes, UTF-8: `entryHash` is the base64 of SHA-256(0x00 ‖ these). A JSON array.'),
    payload: z
      .string()
      .nullable()
      .describe('What the last element of `canonical` commits to: the base64 of HMAC-SHA-256(salt, payload).'),
    salt: z.string().nullable().describe('Base64; both are null once the payload is gone.'),
  })
  .meta({ id: 'OwnEntry' })

const ownReservation = z
  .object({
    id: uuid,
    person: uuid,
    pharmacy: z.string(),
    product: z.string(),
    quantity: z.int(),
    distanceMetres: z.int().nullable(),
    pickupCode: z.string().nullable().describe('Only while the reservation is live.'),
    label: z.string().nullable().describe('Of the bag.'),
    status: z.enum(['held', 'collected', 'cancelled', 'expired']),
    collectedQuantity: z.int().nullable(),
    collectedBy: uuid.nullable().describe('The dispensation that collected it.'),
    cancellationReason: z.string().nullable(),
    createdAt: time,
    expiresAt: time,
    endedAt: time.nullable(),
  })
  .meta({ id: 'OwnReservation' })

const ownRefusal = z
  .object({
    id: uuid,
    person: uuid,
    at: time,
    verb: oneOf(['dispensation', 'reversal', 'reservation']).describe(
      'What was asked for: dispensation, reversal or reservation.',
    ),
    code: z.string(),
    pharmacy: z.string().nullable(),
    operator: z.string().nullable(),
    profession: z.string().nullable(),
    practiceTerritory: z.string().nullable(),
    pharmacyTerritory: z.string().nullable(),
    dispensation: uuid.nullable(),
    product: z.string().nullable(),
    quantity: z.int().nullable(),
    rule: uuid.nullable(),
    windowStart: time.nullable(),
    windowEnd: time.nullable(),
    cap: z.int().nullable(),
    received: z.int().nullable(),
    held: z.int().nullable(),
    available: z.int().nullable(),
    facts: z.record(z.string(), z.unknown()).describe('What the caller was told.'),
  })
  .meta({ id: 'OwnRefusal' })

/** Everything that is kept about a professional. */
export const ownData = z
  .object({
    format: z.literal(FORMAT),
    exportedAt: time,
    controller: z
      .object({ name: z.string().nullable(), contact: z.string().nullable() })
      .describe('Who answers for these data; null if the operator has not said.'),
    retention: z
      .object({
        ledgerDays: days.describe('After the newest entry. From then on no entry says whom it is about.'),
        nameDays: days.describe('After you were last served, made a reservation or were put in.'),
        accessDays: days,
        refusalDays: days,
        reservationDays: days,
        eventDays: days,
        answerDays: days.describe(
          'Answers kept for retries. Those of entries stay, and name you as long as the entry does.',
        ),
      })
      .describe('How long each kind is kept.'),
    records: z.array(directoryRecord),
    doubts: z
      .array(ownDoubt)
      .describe('Whether a record of somebody else is yours too. Until it is decided, what either receives counts.'),
    entries: z.array(ownEntry).describe('Newest first.'),
    reservations: z.array(ownReservation).describe('Newest first.'),
    refusals: z.array(ownRefusal).describe('Newest first.'),
    accesses: z.array(access).describe('Newest first.'),
  })
  .meta({ id: 'OwnData' })

export type OwnData = z.output<typeof ownData>
