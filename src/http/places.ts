import { z } from 'zod'
import { phrase } from '../domain/language.ts'
import { saying } from './complaint.ts'
import { queryInteger } from './schemas.ts'

export const latitude = z.number().min(-90).max(90).describe('WGS 84 degrees.')
export const longitude = z.number().min(-180).max(180).describe('WGS 84 degrees.')
export const place = z.strictObject({ latitude, longitude })

const decimal = String.raw`\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*`
const NEAR = new RegExp(`^${decimal},${decimal}$`)

/** `near=43.6045,1.4440`: latitude, longitude, each in any notation that programs print numbers in. */
export const near = z
  .string()
  .max(100)
  .regex(
    NEAR,
    saying({
      en: 'must be latitude,longitude such as 43.6045,1.4440',
      fr: 'doit être latitude,longitude, comme 43.6045,1.4440',
    }),
  )
  .transform((given) => {
    const [lat, lon] = given.split(',').map(Number)
    return { latitude: lat, longitude: lon }
  })
  .pipe(place)
  .meta({ examples: ['43.6045,1.4440'] })

const CORNERS = new RegExp(`^${decimal}(?:,${decimal}){3}$`)
const WIDEST_DEGREES = 15

/** `bbox=43.5,1.3,43.7,1.6`: south,west,north,east, as a map shows it. */
export const box = z
  .string()
  .max(200)
  .regex(
    CORNERS,
    saying({
      en: 'must be south,west,north,east such as 43.5,1.3,43.7,1.6',
      fr: 'doit être sud,ouest,nord,est, comme 43.5,1.3,43.7,1.6',
    }),
  )
  .transform((given) => {
    const [south, west, north, east] = given.split(',').map(Number)
    return { south, west, north, east }
  })
  .pipe(z.strictObject({ south: latitude, west: longitude, north: latitude, east: longitude }))
  .refine(
    ({ south, west, north, east }) =>
      south < north && west < east && north - south <= WIDEST_DEGREES && east - west <= WIDEST_DEGREES,
    saying({
      en: phrase`must go from south to north and from west to east, at most ${WIDEST_DEGREES} degrees each way`,
      fr: phrase`doit aller du sud au nord et d’ouest en est, sur ${WIDEST_DEGREES} degrés au plus`,
    }),
  )
  .describe(
    `south,west,north,east (WGS 84), at most ${WIDEST_DEGREES} degrees each way: only pharmacies in this box, from its middle outwards.`,
  )

const maxDistance = 20_037_509 // Half the Earth's circumference: nothing is farther away.
export const maxDistanceMetres = z.int().min(1).max(maxDistance)
export const queryMaxDistanceMetres = queryInteger(1, maxDistance)
export const NEAR_METRES = 50_000
