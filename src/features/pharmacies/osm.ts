import * as z from 'zod'
import { finessNumber } from '../../domain/identifiers.ts'
import { isStorable } from '../../domain/text.ts'
import { longest } from './limits.ts'
import { inactivity, isPharmacy, type Tags } from './osm-activity.ts'
import { canBeAt } from './whereabouts.ts'

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
  /** Of a place that is not active, so that a pharmacy already put in can be named. */
  closed?: string
}

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
  id: z.unknown().optional(),
  properties: tagRecord.nullish(),
  geometry: z.unknown().optional(),
})
const featureCollection = z.object({ type: z.literal('FeatureCollection'), features: z.array(z.unknown()) })

type Feature = z.infer<typeof feature>

/**
 * The pharmacies of an OpenStreetMap export: a GeoJSON FeatureCollection from Overpass, with the tags among the
 * properties or under `tags`. Left out, with the reason, are places without a right FINESS number or a usable geometry,
 * or where no pharmacy of that number can be, or with text that can't be stored, or not active `today`, and further
 * places with the same number; anything that is not a pharmacy is ignored. Throws an Error whose message says where the
 * file is not such an export.
 */
export function pharmaciesFromOsm(
  geojson: unknown,
  today: string,
): { pharmacies: OsmPharmacy[]; leftOut: LeftOut[]; features: number } {
  const parsed = featureCollection.safeParse(geojson)
  if (!parsed.success) throw new Error(`not a GeoJSON FeatureCollection: ${firstIssue(parsed.error, 'the file')}`)

  const { features } = parsed.data
  const pharmacies = new Map<string, OsmPharmacy>()
  const leftOut: LeftOut[] = []
  for (const [index, given] of features.entries()) {
    const inFile = `features[${index}]`
    const read = feature.safeParse(given)
    if (!read.success) {
      leftOut.push({ id: inFile, name: undefined, reason: `not a GeoJSON Feature: ${firstIssue(read.error, 'it')}` })
      continue
    }
    const place = read.data
    const tags = tagsOf(place)
    if (!isPharmacy(tags)) continue
    const leaveOut = (reason: string, closed?: string) =>
      leftOut.push({ id: idOf(place) ?? inFile, name: tags('name'), reason, ...(closed && { closed }) })

    const pharmacy = readPharmacy(place, tags)
    const inactive = inactivity(tags, today)
    if (inactive) leaveOut(`not active: ${inactive}`, finessOf(tags))
    else if (typeof pharmacy === 'string') leaveOut(pharmacy)
    else if (pharmacies.has(pharmacy.finess)) leaveOut(`FINESS number ${pharmacy.finess} belongs to an earlier place`)
    else pharmacies.set(pharmacy.finess, pharmacy)
  }
  return { pharmacies: [...pharmacies.values()], leftOut, features: features.length }
}

function firstIssue(error: z.ZodError, whole: string): string {
  const [issue] = error.issues
  return `${z.core.toDotPath(issue?.path ?? []) || whole}: ${issue?.message}`
}

/** The pharmacy, or why it is left out. */
function readPharmacy({ geometry: shape }: Feature, tags: Tags): OsmPharmacy | string {
  const written = tags(FINESS)
  if (written === undefined) return 'no FINESS number'
  const finess = finessOf(tags)
  if (finess === undefined) return `wrong FINESS number ${written}`
  const located = geometry.safeParse(shape)
  if (!located.success) return 'neither a point nor an area in WGS 84'
  if (!canBeAt(finess, positionsOf(located.data))) {
    return `no pharmacy of the FINESS number ${finess} can be at its coordinates: GeoJSON has the longitude first`
  }
  const texts = {
    name: tags('name', 'brand', 'operator') ?? 'Pharmacie',
    address: addressOf(tags),
    // Half an expression or half a number would be wrong, not merely shorter.
    openingHours: withinLength(tags('opening_hours'), longest.openingHours),
    phone: withinLength(tags('phone', 'contact:phone'), longest.phone),
  }
  for (const [what, text] of Object.entries(texts)) {
    if (text !== undefined && !isStorable(text)) return `its ${what} holds U+0000 or half a character`
  }
  for (const what of ['name', 'address'] as const) {
    if (texts[what].length > longest[what]) return `its ${what} is longer than ${longest[what]} characters`
  }
  return { finess, ...texts, geometry: located.data }
}

const FINESS = 'ref:FR:FINESS'

function finessOf(tags: Tags): string | undefined {
  return finessNumber(tags(FINESS) ?? '')
}

// Exports write `null`, or nothing, for a place without an id.
function idOf({ id, properties }: Feature): string | undefined {
  const given = id ?? properties?.['@id']
  return typeof given === 'string' || typeof given === 'number' ? String(given) : undefined
}

// Spreadsheets and converters make numbers of what is digits, and take the zeros in front away.
const DIGITS: Readonly<Record<string, number>> = { [FINESS]: 9, 'addr:postcode': 5, 'contact:postcode': 5 }

/** Reads the first of some tags that contains text. */
function tagsOf({ properties }: Feature): Tags {
  const nested = tagRecord.safeParse(properties?.tags)
  const record = nested.success ? nested.data : (properties ?? {})
  return (...keys) => keys.map((key) => textOf(record[key], DIGITS[key])).find((text) => text !== undefined)
}

function textOf(value: unknown, digits = 0): string | undefined {
  if (typeof value === 'number') return String(value).padStart(digits, '0')
  if (typeof value !== 'string') return undefined
  // Control characters mean nothing in a tag; U+0000 leaves the place out.
  return value.replace(/[^\P{Cc}\0]+/gu, ' ').trim() || undefined
}

function addressOf(tags: Tags): string {
  const part = (key: string) => tags(`addr:${key}`, `contact:${key}`)
  const street = joined(' ', part('housenumber'), part('street') ?? part('place'))
  return joined(', ', street, joined(' ', part('postcode'), part('city')))
}

function joined(separator: string, ...parts: (string | undefined)[]): string {
  return parts.filter((part) => part).join(separator)
}

function positionsOf({ type, coordinates }: OsmGeometry): [number, number][] {
  return type === 'Point' ? [coordinates] : type === 'Polygon' ? coordinates.flat() : coordinates.flat(2)
}

function isClosed(positions: [number, number][]): boolean {
  const first = positions[0]
  const last = positions.at(-1)
  return first?.[0] === last?.[0] && first?.[1] === last?.[1]
}

function withinLength(text: string | undefined, length: number): string | undefined {
  return text !== undefined && text.length <= length ? text : undefined
}
