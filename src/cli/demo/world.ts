import file from './occitanie-communes.json' with { type: 'json' }
import { type DemoProfessional, demoProfessionals, doctor } from './people.ts'
import { type DemoPharmacy, demoPharmacies } from './places.ts'

/** The invented people and pharmacies, in real communes. */
export interface World {
  communes: number
  pharmacies: DemoPharmacy[]
  professionals: DemoProfessional[]
  /** The pharmacy next to the practice of the story's doctor. */
  home: DemoPharmacy
}

/** Makes the world, the same in every run. */
export function makeWorld(): World {
  const pharmacies = demoPharmacies(file.communes)
  const professionals = demoProfessionals(file.communes)
  return { communes: file.communes.length, pharmacies, professionals, home: nearest(pharmacies, doctor.practice) }
}

interface Point {
  latitude: number
  longitude: number
}

// On a plane, which is right to a few metres over so few kilometres; the story fails if PostGIS disagrees.
function nearest(pharmacies: readonly DemoPharmacy[], { latitude, longitude }: Point): DemoPharmacy {
  const shrink = Math.cos((latitude * Math.PI) / 180)
  const distance = (place: Point) => Math.hypot(place.latitude - latitude, (place.longitude - longitude) * shrink)
  return pharmacies.reduce((best, other) => (distance(other) < distance(best) ? other : best))
}
