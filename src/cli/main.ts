import { type CommandDef, defineCommand, renderUsage, runCommand } from 'citty'
import { ConfigError } from '../config.ts'
import { DataDirOpen } from '../data-dir.ts'
import { DataDirLocked } from '../db/embedded.ts'
import { LoginRefused } from '../db/login.ts'
import { MigrationRefused } from '../db/migrate.ts'
import { CommandError } from './errors.ts'

const lazily = (load: () => Promise<unknown>) => load as () => Promise<CommandDef>

const gomask = defineCommand({
  meta: { name: 'gomask', description: 'Shares a scarce stock of masks fairly.' },
  subCommands: {
    serve: lazily(async () => (await import('./serve.ts')).serve),
    demo: lazily(async () => (await import('./demo.ts')).demo),
    sandbox: lazily(async () => (await import('./sandbox.ts')).sandbox),
    migrate: lazily(async () => (await import('./migrate.ts')).migrate),
    token: lazily(async () => (await import('./token.ts')).token),
    'revoke-token': lazily(async () => (await import('./revoke-token.ts')).revokeTokenCommand),
    client: lazily(async () => (await import('./client.ts')).client),
    keys: lazily(async () => (await import('./keys.ts')).keys),
    import: lazily(async () => (await import('./import.ts')).importCommand),
    rules: lazily(async () => (await import('./rules.ts')).rules),
    'erase-professional': lazily(async () => (await import('./erase-professional.ts')).eraseProfessionalCommand),
    retention: lazily(async () => (await import('./retention.ts')).retention),
    'export-ledger': lazily(async () => (await import('./export-ledger.ts')).exportLedger),
    'verify-ledger': lazily(async () => (await import('./verify-ledger.ts')).verifyLedger),
    check: lazily(async () => (await import('./check.ts')).check),
    configuration: lazily(async () => (await import('./configuration.ts')).configuration),
    openapi: lazily(async () => (await import('./openapi/openapi.ts')).openapi),
  },
})

/** Runs a command line. Exit codes: 0 done, 1 refused or failed, 2 called wrongly; verify-ledger has 3 of its own. */
export async function main(args: string[]): Promise<void> {
  const { command, parent } = await find(args)
  if (args.length === 0 || args.includes('--help') || args.includes('-h')) {
    return console.log(await renderUsage(command, parent))
  }
  const unknown = await unknownOption(command, args)
  if (unknown) {
    console.error(`gomask: there is no option ${unknown}; --help lists those that there are`)
    process.exitCode = 2
    return
  }
  try {
    await runCommand(gomask, { rawArgs: args })
  } catch (error) {
    fail(error)
  }
}

async function find(args: string[]): Promise<{ command: CommandDef; parent: CommandDef | undefined }> {
  let command: CommandDef = gomask as CommandDef
  let parent: CommandDef | undefined
  for (const word of args.filter((arg) => !arg.startsWith('-'))) {
    const subCommands = (await resolve(command.subCommands)) as Record<string, unknown> | undefined
    const found = subCommands?.[word]
    if (found === undefined) break
    parent = command
    command = (await resolve(found)) as CommandDef
  }
  return { command, parent }
}

// citty ignores unknown options: `demo --exti` would serve for ever.
async function unknownOption({ args: known }: CommandDef, args: string[]): Promise<string | undefined> {
  const names = Object.keys(((await resolve(known)) as object | undefined) ?? {})
  const end = args.indexOf('--')
  return args
    .slice(0, end < 0 ? args.length : end)
    .filter((arg) => arg.startsWith('-') && arg !== '-')
    .map((arg) => arg.split('=')[0] ?? arg)
    .find((option) => !names.includes(option.replace(/^--/, '')))
}

async function resolve(value: unknown): Promise<unknown> {
  return typeof value === 'function' ? value() : value
}

function fail(error: unknown): void {
  const expected = [ConfigError, DataDirLocked, DataDirOpen, LoginRefused, MigrationRefused, CommandError].some(
    (kind) => error instanceof kind,
  )
  const misused = error instanceof Error && error.name === 'CLIError'
  if (expected || misused) console.error(`gomask: ${(error as Error).message}`)
  else console.error('gomask: failed', error)
  process.exitCode = error instanceof CommandError ? error.exitCode : misused ? 2 : 1
}
