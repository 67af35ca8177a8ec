import { ERASED_PROFESSIONAL } from '../../http/documentation/example-requests.ts'
import { PROFESSIONAL } from '../../http/documentation/example-values.ts'
import type { Sandbox } from '../../http/service.ts'
import { signToken, type TokenRequest } from '../../http/tokens.ts'
import type { SigningKey } from '../../keys/signing-key.ts'
import { pharmacies } from './places.ts'

// The sandbox's clock may be moved ahead by years, and tokens are judged by it.
const TOKEN_SECONDS = 10 * 366 * 86_400

const PRACTICE = { latitude: 43.6045, longitude: 1.444, territory: 'FR-31' }

/** A professional of the sandbox. What is special about one stands in the name. */
export interface SandboxProfessional {
  id: string
  otherIds: string[]
  profession: string
  familyName: string
  givenName: string
  practice: typeof PRACTICE | undefined
  status: 'active' | 'suspended'
}

function professional(id: string, profession: string, familyName: string, more: object = {}): SandboxProfessional {
  return {
    id,
    profession,
    familyName,
    givenName: 'Camille',
    otherIds: [],
    practice: PRACTICE,
    status: 'active',
    ...more,
  }
}

/** About whom it is in doubt whether they are one. */
export const DOUBTED = ['99700090097', '99700090105'] as const

/** Always the same. RPPS numbers that begin with 997 are for tests. */
export const professionals: readonly SandboxProfessional[] = [
  professional(PROFESSIONAL, '60', 'Exemple'),
  professional('99700090014', '10', 'Médecin'),
  professional('99700090022', '60', 'Infirmier'),
  professional('99700090030', '40', 'Dentiste-Sans-Cabinet', { practice: undefined }),
  professional('99700090048', '10', 'Médecin-Suspendu', { status: 'suspended' }),
  professional('99700090055', '21', 'Pharmacien-Sans-Dotation'),
  professional('99700090063', '70', 'Kiné-Avec-Adeli', { otherIds: ['317000001'] }),
  professional(ERASED_PROFESSIONAL, '60', 'À-Effacer'),
  ...DOUBTED.map((id) => professional(id, '60', 'En-Doute')),
]

/** Everybody with a token that works in this sandbox and nowhere else. */
export async function peopleOf(key: SigningKey): Promise<Sandbox['people']> {
  const requests: (Omit<TokenRequest, 'ttlSeconds'> & { name: string })[] = [
    ...professionals.map(({ id, familyName }) => ({ name: familyName, role: 'professional' as const, subject: id })),
    ...pharmacies.map(({ finess, name }) => ({
      name,
      role: 'pharmacy' as const,
      subject: `till-${finess}`,
      finess: [finess],
    })),
    { name: 'Autorité régionale', role: 'regulator', subject: 'authority', territories: ['FR'] },
    { name: 'Opérateur', role: 'admin', subject: 'operator' },
  ]
  return Promise.all(
    requests.map(async ({ name, ...request }) => ({
      name,
      role: request.role,
      subject: request.subject,
      token: await signToken(key, { ...request, ttlSeconds: TOKEN_SECONDS }),
    })),
  )
}
