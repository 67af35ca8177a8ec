import { finessNumber } from '../../domain/identifiers.ts'

/** A real commune, as in occitanie-communes.json; the coordinates are those of its centre. */
export interface Commune {
  name: string
  /** The code within the country, such as `31`. */
  department: string
  postalCode: string
  population: number
  latitude: number
  longitude: number
}

/** An invented pharmacy in a real commune. */
export interface DemoPharmacy {
  finess: string
  name: string
  address: string
  latitude: number
  longitude: number
  territory: string
}

// France has about one pharmacy for 3,000 inhabitants; one for 5,000 makes a thousand in the towns of Occitanie.
const INHABITANTS_PER_PHARMACY = 5_000

const METRES_PER_DEGREE = 111_195
const RADIUS_METRES_PER_ROOT_INHABITANT = 6 // 4.3 km for Toulouse, 300 m for a village of 2,500.
// On a spiral with the golden angle neighbours never line up, however many there are.
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5))

const NAMES = [
  'de la Halle',
  'du Marché',
  'de la Fontaine',
  'du Pont-Vieux',
  'de la Poste',
  'des Platanes',
  'du Lavoir',
  'de la Mairie',
  'des Arcades',
  'du Beffroi',
  'de la Gare',
  'des Tilleuls',
  'du Moulin',
  'de la Place',
  'des Remparts',
  'du Soleil',
  'de la Promenade',
  'des Amandiers',
  'du Stade',
  'de la Rivière',
  'du Parc',
  'des Écoles',
  'du Théâtre',
]
const QUARTERS = ['', ' Nord', ' Sud', ' Est', ' Ouest', ' Centre']
const STREETS = [
  'rue de la République',
  'avenue de la Gare',
  'place du Marché',
  'rue des Écoles',
  'boulevard du Midi',
  'chemin des Vignes',
  'allée des Platanes',
  'rue du Moulin',
  'avenue des Pyrénées',
  'rue du Pont',
  'route de la Plaine',
]

/**
 * Invented pharmacies, at least one for each commune and more where more people live. They are the same in every run
 * for the same communes, and no two are at the same point. Their FINESS numbers have a right key and begin with 99,
 * which is no department, so that nobody takes them for real.
 */
export function demoPharmacies(communes: readonly Commune[]): DemoPharmacy[] {
  const random = seededRandom(2020)
  const pharmacies: DemoPharmacy[] = []
  for (const commune of communes) {
    const count = Math.max(1, Math.round(commune.population / INHABITANTS_PER_PHARMACY))
    const firstName = Math.floor(random() * NAMES.length)
    for (let index = 0; index < count; index++) {
      pharmacies.push({
        finess: finessOf(pharmacies.length + 1),
        name: nameOf(firstName + index),
        address: addressOf(commune, random),
        ...pointOf(commune, index, count, random),
        territory: `FR-${commune.department}`,
      })
    }
  }
  return pharmacies
}

function finessOf(number: number): string {
  const body = `99${String(number).padStart(6, '0')}`
  for (let key = 0; key < 10; key++) {
    const finess = finessNumber(`${body}${key}`)
    if (finess !== undefined) return finess
  }
  throw new RangeError(`no FINESS number can be made of ${number}`)
}

function nameOf(index: number): string {
  const quarter = QUARTERS[Math.floor(index / NAMES.length) % QUARTERS.length]
  return `Pharmacie ${NAMES[index % NAMES.length]}${quarter}`
}

function addressOf(commune: Commune, random: () => number): string {
  const house = 1 + Math.floor(random() * 80)
  const street = STREETS[Math.floor(random() * STREETS.length)]
  return `${house} ${street}, ${commune.postalCode} ${commune.name}`
}

/** A point on a spiral that fills the built-up circle around the centre evenly, slightly displaced. */
function pointOf(commune: Commune, index: number, count: number, random: () => number) {
  const radiusMetres = RADIUS_METRES_PER_ROOT_INHABITANT * Math.sqrt(commune.population)
  const distanceMetres = radiusMetres * Math.sqrt((index + random()) / count)
  const angle = index * GOLDEN_ANGLE + random()
  const northMetres = distanceMetres * Math.cos(angle)
  const eastMetres = distanceMetres * Math.sin(angle)
  const metresPerDegreeEast = METRES_PER_DEGREE * Math.cos((commune.latitude * Math.PI) / 180)
  return {
    latitude: rounded(commune.latitude + northMetres / METRES_PER_DEGREE),
    longitude: rounded(commune.longitude + eastMetres / metresPerDegreeEast),
  }
}

/** To five decimals, which is about a metre. */
function rounded(degrees: number): number {
  return Math.round(degrees * 1e5) / 1e5
}

/** Numbers from 0 up to 1, the same for the same seed: the linear congruential generator of Numerical Recipes. */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
