import { defineCommand } from 'citty'
import { loadConfig } from '../config.ts'
import { finessNumber, professionalId } from '../domain/identifiers.ts'
import { type Role, roles } from '../http/caller.ts'
import { signToken } from '../http/tokens.ts'
import { loadSigningKeys } from '../keys/signing-keys.ts'
import { CommandError } from './errors.ts'
import { repeated } from './repeated.ts'

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }
const LONGEST_DAYS = 366

/** `gomask token` */
export const token = defineCommand({
  meta: {
    name: 'token',
    description:
      'Print a token signed by this service, and nothing else, for trials and people; for machines, make clients (gomask client). Never opens the database.',
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
    ttl: { type: 'string', default: '8h', description: 'How long it is valid: 90s, 15m, 8h, 30d.' },
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
      ttlSeconds: secondsOf(args.ttl),
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

function secondsOf(ttl: string): number {
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(ttl) ?? []
  const seconds = Number(number) * (SECONDS[unit ?? ''] ?? Number.NaN)
  if (!(seconds > 0 && seconds <= LONGEST_DAYS * 86_400))
    wrong(`--ttl: a number with s, m, h or d, at most ${LONGEST_DAYS}d`)
  return seconds
}

function wrong(message: string): never {
  throw new CommandError(message)
}
