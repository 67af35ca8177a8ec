/**
 * What is known of the packages we depend on: `node test/support/advisories.ts`. Asks the registry for advisories
 * (`npm audit`), for direct dependencies that are deprecated at our version, and for newer releases, where fixes come.
 * Not every registry answers each of these, and without a network none does: then it says what could not be checked,
 * and that is no failure. A grave advisory and a deprecated direct dependency are. The last line reads
 * `N passed, N failed`.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'

const registry = process.env.npm_config_registry ?? 'https://registry.npmjs.org'
const ANSWER_MS = 15_000
const COMMAND_MS = 60_000
const GRAVE = ['high', 'critical']
// Deprecated in 2020: a registry that does not say so of this one says it of none.
const KNOWN_DEPRECATED: Dependency = { name: 'request', version: '2.88.2' }

interface Dependency {
  name: string
  version: string
}

/** What a question found: a line to print, and whether it fails. Undefined where the registry does not answer. */
type Answer = { says: string; isBad: boolean } | undefined

const audit = z.object({ vulnerabilities: z.record(z.string(), z.object({ severity: z.string() })) })
const outdated = z.record(z.string(), z.object({ current: z.string().optional(), latest: z.string() }))
const manifest = z.object({ deprecated: z.string().optional() })

async function advisories(): Promise<Answer> {
  const found = audit.safeParse(await npm('audit', '--fetch-retries=0'))
  if (!found.success) return undefined
  const named = Object.entries(found.data.vulnerabilities).map(([name, { severity }]) => `${name} (${severity})`)
  const isBad = Object.values(found.data.vulnerabilities).some(({ severity }) => GRAVE.includes(severity))
  return { says: `advisories: ${named.join(', ') || 'none'}`, isBad }
}

async function deprecations(direct: Dependency[]): Promise<Answer> {
  if (!(await manifestOf(KNOWN_DEPRECATED))?.deprecated) return undefined
  const manifests = await Promise.all(direct.map(manifestOf))
  const answered = manifests.filter((each) => each !== undefined).length
  const named = direct.flatMap(({ name, version }, n) => {
    const reason = manifests[n]?.deprecated
    return reason ? [`${name}@${version} (${reason})`] : []
  })
  const says = `deprecated of ${answered} of ${direct.length} direct dependencies: ${named.join(', ') || 'none'}`
  return { says, isBad: named.length > 0 }
}

async function newerReleases(): Promise<Answer> {
  const found = outdated.safeParse(await npm('outdated', '--fetch-retries=0'))
  if (!found.success) return undefined
  // Only within a major version: that is where fixes of the one in use come out.
  const newer = Object.entries(found.data).filter(
    ([, { current, latest }]) => current && major(current) === major(latest),
  )
  const named = newer.map(([name, { current, latest }]) => `${name} ${current} → ${latest}`)
  return { says: `newer releases: ${named.join(', ') || 'none'}`, isBad: false }
}

async function manifestOf({ name, version }: Dependency): Promise<z.output<typeof manifest> | undefined> {
  const url = `${registry.replace(/\/$/, '')}/${name.replace('/', '%2f')}/${version}`
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => undefined)
  return answer?.ok ? manifest.safeParse(await answer.json().catch(() => undefined)).data : undefined
}

async function directDependencies(): Promise<Dependency[]> {
  const { dependencies, devDependencies } = JSON.parse(await readFile('package.json', 'utf8'))
  return Object.entries<string>({ ...dependencies, ...devDependencies }).map(([name, version]) => ({ name, version }))
}

// npm exits with 1 where it finds something, and prints its JSON all the same.
function npm(...command: string[]): Promise<unknown> {
  return new Promise((resolve) => {
    const options = { timeout: COMMAND_MS, maxBuffer: 2 ** 26, shell: process.platform === 'win32' }
    execFile('npm', [...command, '--json', `--fetch-timeout=${ANSWER_MS}`], options, (_error, stdout) => {
      try {
        resolve(JSON.parse(stdout))
      } catch {
        resolve(undefined)
      }
    })
  })
}

function major(version: string): string | undefined {
  return version.split('.')[0]
}

const direct = await directDependencies()
const questions = { advisories: advisories(), deprecations: deprecations(direct), 'newer releases': newerReleases() }
const answers = await Promise.all(Object.values(questions))
const unanswered = Object.keys(questions).filter((_, n) => !answers[n])
const checked = answers.flatMap((answer) => answer?.says ?? []).join(' · ') || 'nothing'
console.log(`checked: ${checked}. Not answered by the registry, so not checked: ${unanswered.join(', ') || 'nothing'}.`)
const failed = answers.filter((answer) => answer?.isBad).length
console.log(`${answers.filter((answer) => answer?.isBad === false).length} passed, ${failed} failed`)
if (failed > 0) process.exitCode = 1
