import { phrase, type Text } from '../../domain/language.ts'
import { signToken, type TokenRequest } from '../../http/tokens.ts'
import type { SigningKey } from '../../keys/signing-key.ts'
import { doctor } from './people.ts'
import type { Actor } from './transcript.ts'

const TOKEN_SECONDS = 8 * 3600

/** The actors, one for each role. */
export interface Cast {
  doctor: Actor
  regulator: Actor
  admin: Actor
  pharmacist(pharmacy: { finess: string; name: string }): Promise<Actor>
}

/** Gives everybody a token that the service with this key accepts. */
export async function makeCast(key: SigningKey): Promise<Cast> {
  const actor = async (name: Text, request: Omit<TokenRequest, 'ttlSeconds'>): Promise<Actor> => ({
    name: { en: phrase`${name} (role ${request.role})`, fr: phrase`${name} (rôle ${request.role})` },
    token: await signToken(key, { ...request, ttlSeconds: TOKEN_SECONDS }),
  })
  return {
    doctor: await actor(inBoth(`Dr ${doctor.givenName} ${doctor.familyName}`), {
      role: 'professional',
      subject: doctor.id,
    }),
    regulator: await actor(
      { en: 'the health agency', fr: 'l’agence de santé' },
      {
        role: 'regulator',
        subject: 'ars-occitanie',
        territories: ['FR-OCC'],
      },
    ),
    admin: await actor({ en: 'the operator', fr: 'l’exploitant' }, { role: 'admin', subject: 'operator' }),
    pharmacist: ({ finess, name }) =>
      actor(inBoth(name), { role: 'pharmacy', subject: `counter-${finess}`, finess: [finess] }),
  }
}

function inBoth(name: string): Text {
  return { en: name, fr: name }
}
