/** WGS 84 degrees. */
interface Point {
  latitude: number
  longitude: number
}

const EQUATOR_METRES = 6_378_137
const FLATTENING = 1 / 298.257223563
const ECCENTRICITY_SQUARED = FLATTENING * (2 - FLATTENING)

/**
 * Metres between two places that are close to each other, on the ellipsoid: as PostGIS has it, to a centimetre within
 * five kilometres.
 */
export function metresBetween(one: Point, other: Point): number {
  const [a, b] = [radians(one.latitude), radians(other.latitude)]
  const middle = (a + b) / 2
  const bend = 1 - ECCENTRICITY_SQUARED * Math.sin(middle) ** 2
  const acrossMetres = (EQUATOR_METRES / Math.sqrt(bend)) * Math.cos(middle) * radians(turn(one, other))
  const alongMetres = ((EQUATOR_METRES * (1 - ECCENTRICITY_SQUARED)) / bend ** 1.5) * (b - a)
  return Math.hypot(acrossMetres, alongMetres)
}

// The short way round, also over the antimeridian.
function turn(one: Point, other: Point): number {
  const degrees = Math.abs(one.longitude - other.longitude)
  return Math.min(degrees, 360 - degrees)
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180
}
