/** A pharmacy of the sandbox: always the same. Each has a kilometre between it and the next. */
export interface SandboxPharmacy {
  finess: string
  name: string
  address: string
  latitude: number
  longitude: number
  territory: string
  status: 'active' | 'suspended' | 'closed'
  stock: Record<string, number>
}

const NEAREST = { latitude: 43.6045, longitude: 1.444 }
const A_KILOMETRE_EAST = 0.0124

const given: [finess: string, name: string, stock: Record<string, number>, status?: SandboxPharmacy['status']][] = [
  ['319009015', 'Pharmacie Une', { surgical: 500, ffp2: 200 }],
  ['319009023', 'Pharmacie Deux', { surgical: 10_000, ffp2: 10_000 }],
  ['319009031', 'Pharmacie Vide', { surgical: 0 }],
  ['319009049', 'Pharmacie Quatre', { surgical: 6 }],
  ['319009056', 'Pharmacie Fermée', {}, 'closed'],
]

export const pharmacies: readonly SandboxPharmacy[] = given.map(([finess, name, stock, status = 'active'], nth) => ({
  finess,
  name,
  address: `${nth + 1} place du Capitole, 31000 Toulouse`,
  latitude: NEAREST.latitude,
  longitude: NEAREST.longitude + nth * A_KILOMETRE_EAST,
  territory: 'FR-31',
  status,
  stock,
}))
