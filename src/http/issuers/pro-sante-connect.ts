import { z } from 'zod'
import { name, nationalNumber, type Profile, professionCode, site } from './profile.ts'

const activity = z.object({ numeroFinessSite: site })
const exercise = z.object({ codeProfession: professionCode, activities: z.array(activity).default([]) })

// As documented for its userinfo: what is missing is an empty string.
const shape = z.object({
  SubjectNameID: nationalNumber,
  SubjectRefPro: z.object({ exercices: z.array(exercise) }),
  otherIds: z.array(z.object({ identifiant: z.string().max(200) })).default([]),
  family_name: name,
  given_name: name,
})

/** The claims of Pro Santé Connect, the identity provider of French health professionals. */
export const proSanteConnect: Profile = {
  needed: ['SubjectNameID', 'SubjectRefPro'],
  read(claims) {
    const { data } = shape.safeParse(claims)
    if (!data) return undefined
    // Numbers of other directories are among the other ids too.
    const others = data.otherIds.flatMap(({ identifiant }) => nationalNumber.safeParse(identifiant).data ?? [])
    return {
      identifier: data.SubjectNameID,
      otherIds: others.filter((each) => each !== data.SubjectNameID),
      familyName: data.family_name,
      givenName: data.given_name,
      exercises: data.SubjectRefPro.exercices.map(({ codeProfession, activities }) => ({
        profession: codeProfession,
        finess: activities.flatMap(({ numeroFinessSite }) => numeroFinessSite ?? []),
      })),
    }
  },
}
