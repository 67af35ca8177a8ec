import { request } from 'node:http'

const ANSWER_WITHIN_MS = 2_000

/** Whether a Docker API answers at DOCKER_HOST or, without one, at the usual socket. Never throws. */
export function dockerAnswers(env: NodeJS.ProcessEnv): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  try {
    const ping = request({ ...dockerAddress(env), path: '/_ping', timeout: ANSWER_WITHIN_MS }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    ping.on('timeout', () => ping.destroy(new Error('timeout')))
    ping.on('error', () => resolve(false))
    ping.end()
  } catch {
    resolve(false)
  }
  return promise
}

function dockerAddress(env: NodeJS.ProcessEnv): { socketPath: string } | { host: string; port: string } {
  const url = new URL(env.DOCKER_HOST ?? 'unix:///var/run/docker.sock')
  return url.protocol === 'unix:' ? { socketPath: url.pathname } : { host: url.hostname, port: url.port || '2375' }
}
