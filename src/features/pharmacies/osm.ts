import * as z from 'zod'
import { finessNumber } from '../../domain/identifiers.ts'

/** A pharmacy from OpenStreetMap, ready to be put in. */
export interface OsmPharmacy {
  finess: string
  name: string
  /** «7 bis Rue Jules Siegfried, 79000 Niort», as far as it is mapped; may be empty. */
  address: string
  /** In OSM syntax, unchanged. */
  openingHours: string | undefined
  phone: string | undefined
  /** GeoJSON in WGS 84, longitude first. The database finds the point on an area's surface. */
  geometry: OsmGeometry
}

/** A place that was left out, for whoever runs the import to look into. */
export interface LeftOut {
  /** OpenStreetMap's own id, such as `node/768916629`; if it has none, the place in the file. */
  id: string
  name: string | undefined
  reason: string
}

const OPENING_HOURS_LENGTH = 500
const PHONE_LENGTH = 40

// Heights are dropped: the points of pharmacies have none, and PostgreSQL refuses to store one with a height.
const position = z
  .tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)])
  .rest(z.number())
  .transform(([longitude, latitude]): [number, number] => [longitude, latitude])
const ring = z.array(position).min(4).refine(isClosed)
const polygon = z.array(ring).min(1)

const geometry = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Point'), coordinates: position }),
  z.object({ type: z.literal('Polygon'), coordinates: polygon }),
  z.object({ type: z.literal('MultiPolygon'), coordinates: z.array(polygon).min(1) }),
])
type OsmGeometry = z.infer<typeof geometry>

const tagRecord = z.record(z.string(), z.unknown())
const feature = z.object({
  type: z.literal('Feature'),
  id: z.union([z.string(), z.number()]).optional(),
  properties: tagRecord.nullish(),
  geometry: z.unknown().optional(),
})
const featureCollection = z.object({ type: z.literal('FeatureCollection'), features: z.array(feature) })

type Feature = z.infer<typeof feature>
type Tags = (...keys: string[]) => string | undefined

/**
 * The pharmacies of an OpenStreetMap export: a GeoJSON FeatureCollection from Overpass, with the tags among the
 * properties or under `tags`. Places without a right FINESS number or a usable geometry are left out, with the reason,
 * and so are further places with the same number; anything that is not a pharmacy is ignored. Throws an Error whose
 * message says where the file is not such an export.
 */
export function pharmaciesFromOsm(geojson: unknown): { pharmacies: OsmPharmacy[]; leftOut: LeftOut[] } {
  const parsed = featureCollection.safeParse(geojson)
  if (!parsed.success) throw new Error(`not a GeoJSON FeatureCollection: ${firstIssue(parsed.error)}`)

  const pharmacies = new Map<string, OsmPharmacy>()
  const leftOut: LeftOut[] = []
  for (const [index, place] of parsed.data.features.entries()) {
    const tags = tagsOf(place)
    if (tags('amenity') !== 'pharmacy') continue
    const id = String(place.id ?? place.properties?.['@id'] ?? `features[${index}]`)
    const leaveOut = (reason: string) => leftOut.push({ id, name: tags('name'), reason })

    const read = readPharmacy(place, tags)
    if (typeof read === 'string') leaveOut(read)
    else if (pharmacies.has(read.finess)) leaveOut(`FINESS number ${read.finess} belongs to an earlier place`)
    else pharmacies.set(read.finess, read)
  }
  return { pharmacies: [...pharmacies.values()], leftOut }
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues
  return `${z.core.toDotPath(issue?.path ?? []) || 'the file'}: ${issue?.message}`
}

/** The pharmacy, or why it is left out. */
function readPharmacy({ geometry: shape }: Feature, tags: Tags): OsmPharmacy | string {
  const written = tags('ref:FR:FINESS')
  if (written === undefined) return 'no FINESS number'
  const finess = finessNumber(written)
  if (finess === undefined) return `wrong FINESS number ${written}`
  const located = geometry.safeParse(shape)
  if (!located.success) return 'neither a point nor an area in WGS 84'
  return {
    finess,
    name: tags('name', 'brand', 'operator') ?? 'Pharmacie',
    address: addressOf(tags),
    // Half an expression or half a number would be wrong, not merely shorter.
    openingHours: withinLength(tags('opening_hours'), OPENING_HOURS_LENGTH),
    phone: withinLength(tags('phone', 'contact:phone'), PHONE_LENGTH),
    geometry: located.data,
  }
}

/** Reads the first of some tags that contains text. */
function tagsOf({ properties }: Feature): Tags {
  const nested = tagRecord.safeParse(properties?.tags)
  const record = nested.success ? nested.data : (properties ?? {})
  return (...keys) => keys.map((key) => textOf(record[key])).find((text) => text !== undefined)
}

function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  // PostgreSQL's text can't contain U+0000, and other control characters mean nothing in a tag.
  return value.replace(/\p{Cc}+/gu, ' ').trim() || undefined
}

function addressOf(tags: Tags): string {
  const part = (key: string) => tags(`addr:${key}`, `contact:${key}`)
  const street = joined(' ', part('housenumber'), part('street') ?? part('place'))
  return joined(', ', street, joined(' ', part('postcode'), part('city')))
}

function joined(separator: string, ...parts: (string | undefined)[]): string {
  return parts.filter((part) => part).join(separator)
}

function isClosed(positions: [number, number][]): boolean {
  const first = positions[0]
  const last = positions.at(-1)
  return first?.[0] === last?.[0] && first?.[1] === last?.[1]
}

function withinLength(text: string | undefined, length: number): string | undefined {
  return text !== undefined && text.length <= length ? text : undefined
}
