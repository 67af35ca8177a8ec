import { defineCommand } from 'citty'
import { loadConfig } from '../config.ts'
import { finessNumber, professionalId } from '../domain/identifiers.ts'
import { type Role, roles } from '../http/caller.ts'
import { signToken } from '../http/tokens.ts'
import { loadSigningKeys } from '../keys/signing-keys.ts'
import { CommandError } from './errors.ts'
import { repeated } from './repeated.ts'

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }
const LONGEST_HOURS = 24
const LONGEST_DAYS = 366
/** No token lives longer, whatever is asked for. */
export const LONGEST_SECONDS = LONGEST_DAYS * 86_400

/** `gomask token` */
export const token = defineCommand({
  meta: {
    name: 'token',
    description:
      'Print a token signed by this service, and nothing else, for trials and people; gomask revoke-token ends it. For machines, make clients (gomask client). Never opens the database.',
  },
  args: {
    role: { type: 'string', required: true, description: `One of ${roles.join(', ')}.` },
    subject: {
      type: 'string',
      description: 'Who it is for: a professional’s RPPS or ADELI number; for other roles any name.',
    },
    finess: { type: 'string', description: 'A pharmacy that it acts for; may be given several times.' },
    territory: { type: 'string', description: 'A territory in a regulator’s remit; may be given several times.' },
    profession: {
      type: 'string',
      description: 'A profession that the remit is limited to; may be given several times.',
    },
    ttl: { type: 'string', default: '8h', description: 'How long it is valid: 90s, 15m, 8h; at most 24h.' },
    'break-glass': {
      type: 'boolean',
      default: false,
      description: `Allow up to ${LONGEST_DAYS}d, for when nobody can make tokens: keep it under lock and key.`,
    },
  },
  async run({ rawArgs, args }) {
    const role = roles.find((known) => known === args.role)
    if (!role) throw new CommandError(`--role: must be one of ${roles.join(', ')}`)
    const finess = repeated(rawArgs, 'finess').map(
      (given) => finessNumber(given) ?? wrong('--finess: not a FINESS number with a right key'),
    )
    if (role === 'pharmacy' && finess.length === 0) throw new CommandError('--finess: name at least one pharmacy')
    const [key] = await loadSigningKeys(loadConfig())
    const request = {
      role,
      subject: subjectOf(role, args.subject, finess),
      ttlSeconds: secondsOf(args.ttl, args['break-glass']),
      ...(finess.length > 0 && { finess }),
      ...(role === 'regulator' && {
        territories: repeated(rawArgs, 'territory'),
        professions: repeated(rawArgs, 'profession'),
      }),
    }
    console.log(await signToken(key, request))
  },
})

function subjectOf(role: Role, given: string | undefined, finess: string[]): string {
  if (role !== 'professional') return given ?? (role === 'pharmacy' ? finess.join('+') : role)
  return professionalId(given ?? '') ?? wrong('--subject: a professional’s RPPS or ADELI number is required')
}

function secondsOf(ttl: string, breakGlass: boolean): number {
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(ttl) ?? []
  const seconds = Number(number) * (SECONDS[unit ?? ''] ?? Number.NaN)
  if (!(seconds > 0 && seconds <= LONGEST_SECONDS)) {
    wrong(`--ttl: a number with s, m, h or d, at most ${LONGEST_HOURS}h, or ${LONGEST_DAYS}d with --break-glass`)
  }
  if (!breakGlass && seconds > LONGEST_HOURS * 3_600) {
    wrong(`--ttl: at most ${LONGEST_HOURS}h; more needs --break-glass. Machines get tokens of their own: gomask client`)
  }
  return seconds
}

function wrong(message: string): never {
  throw new CommandError(message)
}
