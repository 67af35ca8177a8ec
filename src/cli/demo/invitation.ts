import { styleText } from 'node:util'
import type { Cast } from './cast.ts'
import { doctor } from './people.ts'
import type { DemoPharmacy } from './places.ts'

/** Prints how to explore further: the documentation, a token for each role, and three requests. */
export async function invite(url: string, cast: Cast, home: DemoPharmacy): Promise<void> {
  const pharmacist = await cast.pharmacist(home)
  console.log(
    `\n${styleText('bold', 'All went as told, and the service goes on until Ctrl-C.')}\n\nDocumentation: ${url}/docs\n\nTokens, good for 8 hours:`,
  )
  for (const { name, token } of [cast.doctor, pharmacist, cast.regulator, cast.admin]) {
    console.log(`\n${name}\n${styleText('dim', token)}`)
  }
  const { latitude, longitude } = doctor.practice
  const requests = [
    {
      what: 'the nearest FFP2 masks',
      path: `/v1/pharmacies?near=${latitude},${longitude}&product=ffp2&limit=5`,
      actor: cast.doctor,
    },
    { what: 'what the doctor may still receive', path: '/v1/entitlements/me', actor: cast.doctor },
    { what: `the stock of ${home.name}`, path: `/v1/pharmacies/${home.finess}/stock`, actor: pharmacist },
  ]
  for (const { what, path, actor } of requests) {
    console.log(`\n# ${what}\ncurl -H 'Authorization: Bearer ${actor.token}' '${url}${path}'`)
  }
}
