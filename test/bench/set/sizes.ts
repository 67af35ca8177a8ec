/** How much a set holds, and the disk that loading it and the cases after it were found to need. */
export interface SetSize {
  pharmacies: number
  /** Where all of it lies; left out, in the whole country. */
  departments?: readonly string[]
  persons: number
  entries: number
  diskGigabytes: number
}

const OCCITANIE = ['09', '11', '12', '30', '31', '32', '34', '46', '48', '65', '66', '81', '82']

/** A region and the country, with about as many pharmacies an inhabitant, so that a search meets as many in both. */
export const scales = {
  small: { pharmacies: 2_000, departments: OCCITANIE, persons: 10_000, entries: 100_000, diskGigabytes: 2 },
  national: { pharmacies: 21_000, persons: 1_200_000, entries: 26_000_000, diskGigabytes: 60 },
} as const satisfies Record<string, SetSize>

export type Scale = keyof typeof scales

/** The products of the set, each stocked at another share of the pharmacies. */
export const stocked = { surgical: 0.5, ffp2: 0.05, ffp3: 0.005 } as const
