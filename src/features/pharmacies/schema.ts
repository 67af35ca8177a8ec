import { z } from 'zod'
import { issueOf, saying } from '../../http/complaint.ts'
import { pageOf } from '../../http/pages.ts'
import { box, latitude, longitude, near, queryMaxDistanceMetres } from '../../http/places.ts'
import { finess, product, queryInteger, shownOnly, territory, text, textOrNone, time } from '../../http/schemas.ts'
import { longest } from './limits.ts'
import { service } from './service-schema.ts'

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
  service: shownOnly,
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
    service: service.nullable().describe('Its own notice; null if it has none now.'),
  })
  .meta({ id: 'Pharmacy' })

const nearestMembers = z.strictObject({
  near: near.optional().describe('Where to search from: latitude,longitude (WGS 84). This or `bbox`.'),
  bbox: box.optional(),
  product,
  quantity: queryInteger(1, 1_000_000).default(1).describe('Single masks that must be available.'),
  maxDistanceMetres: queryMaxDistanceMetres
    .optional()
    .describe('50,000 if left out; with `bbox`, the box alone counts.'),
  openAt: z
    .string()
    .optional()
    .refine((given) => given === undefined, saying({ en: 'not available yet', fr: 'pas encore disponible' }))
    .describe('Not available yet: opening hours do not filter.'),
  limit: queryInteger(1, 100).default(20),
})

export const nearestQuery = nearestMembers.superRefine(({ near: place, bbox, maxDistanceMetres }, context) => {
  if ((place === undefined) === (bbox === undefined)) {
    context.addIssue(issueOf(['near'], { en: 'this or bbox is required, not both', fr: 'donnez soit near, soit bbox' }))
  } else if (bbox && maxDistanceMetres !== undefined) {
    context.addIssue(issueOf(['maxDistanceMetres'], { en: 'goes with near alone', fr: 'ne va qu’avec near' }))
  }
})

const nearbyPharmacy = z
  .object({
    finess: z.string(),
    name: z.string(),
    address: z.string(),
    latitude: z.number(),
    longitude: z.number(),
    distanceMetres: z.int().describe('As the crow flies, on the ellipsoid; from the middle of `bbox`.'),
    available: z.int().describe('On hand and not promised.'),
    observedAt: time.describe('Of the last count or movement.'),
    openingHours: z.string().nullable().describe('In OSM syntax; null if unknown.'),
    phone: z.string().nullable(),
    service: service.nullable().describe('Its own notice; null if it has none now.'),
  })
  .meta({ id: 'NearbyPharmacy' })

export const nearestPage = pageOf(nearbyPharmacy)

export type PharmacyBody = z.output<typeof pharmacyBody>
export type Pharmacy = z.output<typeof pharmacy>
export type NearestQuery = z.output<typeof nearestQuery>
