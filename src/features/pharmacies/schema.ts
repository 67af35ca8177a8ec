import { z } from 'zod'
import { pageOf } from '../../http/pages.ts'
import { latitude, longitude, NEAR_METRES, near, queryMaxDistanceMetres } from '../../http/places.ts'
import { finess, product, queryInteger, shownOnly, territory, text, textOrNone, time } from '../../http/schemas.ts'
import { longest } from './limits.ts'

const statuses = ['active', 'suspended', 'closed'] as const

export const pharmacyParams = z.strictObject({ finess })

export const pharmacyBody = z.strictObject({
  finess: finess.optional().describe('That of the path.'),
  name: text(longest.name),
  address: textOrNone(longest.address).describe('On one line; `""` if unknown.'),
  latitude,
  longitude,
  openingHours: text(longest.openingHours).nullish().describe('In OSM syntax; null or left out if unknown.'),
  territory: territory.optional().describe('If left out, the department at the start of the FINESS number.'),
  phone: text(longest.phone).nullish(),
  status: z.enum(statuses),
  stock: shownOnly,
})

const shelf = z.object({
  product: z.string(),
  available: z.int().describe('On hand and not promised.'),
  observedAt: time.describe('Of the last count or movement.'),
})

export const pharmacy = z
  .object({
    finess: z.string(),
    name: z.string(),
    address: z.string(),
    latitude: z.number(),
    longitude: z.number(),
    openingHours: z.string().nullable().describe('In OSM syntax; null if unknown.'),
    phone: z.string().optional(),
    territory: z.string(),
    status: z.enum(statuses),
    stock: z.array(shelf).describe('By product.'),
  })
  .meta({ id: 'Pharmacy' })

export const nearestQuery = z.strictObject({
  near: near.describe('Where to search from: latitude,longitude (WGS 84).'),
  product,
  quantity: queryInteger(1, 1_000_000).default(1).describe('Single masks that must be available.'),
  maxDistanceMetres: queryMaxDistanceMetres.default(NEAR_METRES),
  openAt: z
    .string()
    .optional()
    .refine((given) => given === undefined, 'not available yet')
    .describe('Not available yet: opening hours do not filter.'),
  limit: queryInteger(1, 100).default(20),
})

const nearbyPharmacy = z
  .object({
    finess: z.string(),
    name: z.string(),
    address: z.string(),
    latitude: z.number(),
    longitude: z.number(),
    distanceMetres: z.int().describe('As the crow flies, on the ellipsoid.'),
    available: z.int().describe('On hand and not promised.'),
    observedAt: time.describe('Of the last count or movement.'),
    openingHours: z.string().nullable().describe('In OSM syntax; null if unknown.'),
  })
  .meta({ id: 'NearbyPharmacy' })

export const nearestPage = pageOf(nearbyPharmacy)

export type PharmacyBody = z.output<typeof pharmacyBody>
export type Pharmacy = z.output<typeof pharmacy>
export type NearestQuery = z.output<typeof nearestQuery>
