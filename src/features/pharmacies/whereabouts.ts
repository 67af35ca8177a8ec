import { departmentOfFiness } from '../../domain/identifiers.ts'

/** West, south, east and north in WGS 84 degrees. */
type Box = readonly [number, number, number, number]

const METROPOLITAN: Box = [-9.86, 41.15, 10.38, 51.56]

/**
 * Where pharmacies of each territory overseas can be; those of all the others are in Europe. Coarse on purpose: enough
 * to tell a place from 0,0, from swapped coordinates and from another ocean.
 *
 * Source: the areas of use in the EPSG dataset (v11.022) of 2154 (European France), 2970 and 2969 (Guadeloupe,
 * Saint-Martin and Saint-Barthélemy, whose numbers begin alike), 2973 (Martinique), 4624 (Guyane), 4627 (La Réunion),
 * 4463 (Saint-Pierre-et-Miquelon), 4470 (Mayotte) and 8900 (Wallis-et-Futuna, west of the antimeridian).
 */
const OVERSEAS: Readonly<Record<string, readonly Box[]>> = {
  'FR-971': [
    [-61.85, 15.8, -60.97, 16.55],
    [-63.21, 17.82, -62.73, 18.17],
  ],
  'FR-972': [[-61.29, 14.35, -60.76, 14.93]],
  'FR-973': [[-54.61, 2.11, -49.45, 8.88]],
  'FR-974': [[51.83, -24.72, 58.24, -18.28]],
  'FR-976': [[43.68, -14.49, 46.7, -11.33]],
  'FR-PM': [[-57.1, 43.41, -55.9, 47.37]],
  'FR-WF': [[-180, -15.94, -174.27, -9.84]],
}

/**
 * Whether a pharmacy of this FINESS number can be at these positions, longitude first. A number that begins with no
 * department may be anywhere in France.
 */
export function canBeAt(finess: string, positions: readonly (readonly [number, number])[]): boolean {
  const territory = departmentOfFiness(finess)
  const boxes =
    territory === undefined
      ? [METROPOLITAN, ...Object.values(OVERSEAS).flat()]
      : (OVERSEAS[territory] ?? [METROPOLITAN])
  return boxes.some((box) => positions.every((position) => isWithin(box, position)))
}

function isWithin([west, south, east, north]: Box, [longitude, latitude]: readonly [number, number]): boolean {
  return longitude >= west && longitude <= east && latitude >= south && latitude <= north
}
