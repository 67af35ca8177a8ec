import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Runs one docker command and answers what it prints, trimmed. Throws with what it says on standard error. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args, { maxBuffer: 64 * 1024 * 1024 })
  return stdout.trim()
}

/** Both streams of a container's log. */
export async function logs(container: string): Promise<string> {
  const { stdout, stderr } = await run('docker', ['logs', container], { maxBuffer: 64 * 1024 * 1024 })
  return stdout + stderr
}

/** The port of this machine behind which a container's port is published. */
export async function publishedPort(container: string, port: number): Promise<number> {
  const [first = ''] = (await docker('port', container, `${port}/tcp`)).split('\n')
  return Number(first.slice(first.lastIndexOf(':') + 1))
}

/** The address by which its neighbours on the network reach a container, names being resolved only by some engines. */
export function addressOf(container: string): Promise<string> {
  return docker('inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', container)
}
