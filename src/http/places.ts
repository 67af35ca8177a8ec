import { z } from 'zod'
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

const maxDistance = 20_037_509 // Half the Earth's circumference: nothing is farther away.
export const maxDistanceMetres = z.int().min(1).max(maxDistance)
export const queryMaxDistanceMetres = queryInteger(1, maxDistance)
export const NEAR_METRES = 50_000
