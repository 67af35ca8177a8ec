/** How much a set holds, and the disk that loading it and the cases after it were found to need. */
export interface SetSize {
  pharmacies: number
  persons: number
  entries: number
  diskGigabytes: number
}

export const scales = {
  small: { pharmacies: 2_000, persons: 10_000, entries: 100_000, diskGigabytes: 2 },
  national: { pharmacies: 21_000, persons: 1_200_000, entries: 26_000_000, diskGigabytes: 60 },
} as const satisfies Record<string, SetSize>

export type Scale = keyof typeof scales

/** The products of the set, each stocked at another share of the pharmacies. */
export const stocked = { surgical: 0.5, ffp2: 0.05, ffp3: 0.005 } as const
