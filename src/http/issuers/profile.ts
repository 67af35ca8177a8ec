import { z } from 'zod'
import { finessNumber, professionalId } from '../../domain/identifiers.ts'
import { text } from '../schemas.ts'
import type { ClaimMapping } from './configuration.ts'

/** A professional as an issuer knows one. */
export interface Person {
  /** An RPPS or ADELI number. */
  identifier: string
  /** Further numbers of the same person. */
  otherIds: string[]
  familyName?: string | undefined
  givenName?: string | undefined
  /** An enrolment uses the first. */
  exercises: { profession: string; finess: string[] }[]
}

/** How to read from an issuer's claims who somebody is. */
export interface Profile {
  /** If one of these claims is missing, the provider is asked for more. */
  needed: readonly string[]
  /** Undefined if the claims have another shape. */
  read(claims: Record<string, unknown>): Person | undefined
}

const blank = z.literal('').transform(() => undefined)
const absent = z.null().transform(() => undefined)

/** A number of the directory of professionals. */
export const nationalNumber = z
  .string()
  .max(20)
  .transform(professionalId)
  .pipe(z.string('must be an RPPS or ADELI number'))
/** A profession's code in the directory. */
export const professionCode = z.string().regex(/^[0-9A-Z]{1,10}$/)
/** A name, if one is given. */
export const name = z.union([blank, absent, text(100)]).optional()
/** The FINESS number of a site; undefined if there is none or it is not a valid one. */
export const site = z
  .string()
  .max(200)
  .transform((given) => finessNumber(given))
  .nullish()

/** The profile of an issuer, from the names of its claims. */
export function mappedProfile(mapping: ClaimMapping): Profile {
  const { identifier, otherIds, profession, finess, familyName, givenName } = mapping
  const several = <T extends z.ZodType>(one: T) => z.union([one.transform((each) => [each]), z.array(one)]).default([])
  const shape = z.object({
    identifier: nationalNumber,
    otherIds: several(nationalNumber),
    professions: several(professionCode),
    finess: several(site),
    familyName: name,
    givenName: name,
  })
  return {
    needed: [identifier, profession].filter((claim) => claim !== undefined),
    read(claims) {
      const claim = (named: string | undefined) => (named === undefined ? undefined : claims[named])
      const { data } = shape.safeParse({
        identifier: claim(identifier),
        otherIds: claim(otherIds),
        professions: claim(profession),
        finess: claim(finess),
        familyName: claim(familyName),
        givenName: claim(givenName),
      })
      if (!data) return undefined
      const sites = data.finess.filter((each) => typeof each === 'string')
      const { professions, finess: _, ...person } = data
      return { ...person, exercises: professions.map((code) => ({ profession: code, finess: sites })) }
    },
  }
}
