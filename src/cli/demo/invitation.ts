import { styleText } from 'node:util'
import { inLanguage, type Language, phrase, type Text } from '../../domain/language.ts'
import type { Cast } from './cast.ts'
import { doctor } from './people.ts'
import type { DemoPharmacy } from './places.ts'

const goesOn: Text = {
  en: 'All went as told, and the service goes on until Ctrl-C.',
  fr: 'Tout s’est passé comme annoncé, et le service continue jusqu’à Ctrl-C.',
}
const documentation: Text = { en: 'Documentation: ', fr: 'Documentation : ' }
const tokens: Text = { en: 'Tokens, good for 8 hours:', fr: 'Jetons, valables 8 heures :' }

/** Prints how to explore further: the documentation, a token for each role, and three requests. */
export async function invite(url: string, cast: Cast, home: DemoPharmacy, language: Language): Promise<void> {
  const say = (text: Text) => inLanguage(text, language)
  const pharmacist = await cast.pharmacist(home)
  console.log(`\n${styleText('bold', say(goesOn))}\n\n${say(documentation)}${url}/docs\n\n${say(tokens)}`)
  for (const { name, token } of [cast.doctor, pharmacist, cast.regulator, cast.admin]) {
    console.log(`\n${say(name)}\n${styleText('dim', token)}`)
  }
  const { latitude, longitude } = doctor.practice
  const requests = [
    {
      what: { en: 'the nearest FFP2 masks', fr: 'les masques FFP2 les plus proches' },
      path: `/v1/pharmacies?near=${latitude},${longitude}&product=ffp2&limit=5`,
      actor: cast.doctor,
    },
    {
      what: { en: 'what the doctor may still receive', fr: 'ce que la médecin peut encore recevoir' },
      path: '/v1/entitlements/me',
      actor: cast.doctor,
    },
    {
      what: { en: phrase`the stock of ${home.name}`, fr: phrase`le stock de ${home.name}` },
      path: `/v1/pharmacies/${home.finess}/stock`,
      actor: pharmacist,
    },
  ]
  for (const { what, path, actor } of requests) {
    console.log(`\n# ${say(what)}\ncurl -H 'Authorization: Bearer ${actor.token}' '${url}${path}'`)
  }
}
