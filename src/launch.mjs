#!/usr/bin/env node
// The only file that any Node can read: it makes sure that Node 24 or newer runs the TypeScript beside it.
import { spawn } from 'node:child_process'
import nodeModule, { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const NEEDED = 24
const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP']
const major = Number(process.versions.node.split('.')[0])

if (major >= NEEDED) await runHere()
else runWith(packagedNode())

/** Runs the program in this process, so that signals reach the program itself. */
async function runHere() {
  silenceExperimentalWarnings()
  if (!process.stdout.isTTY) process.env.NO_COLOR ??= '1' // The usage texts' colours are for terminals alone.
  if (process.connected) dieWithParent()
  // Stripping types and compiling would take half of the start each time. Cached beside the program, since anyone can
  // write to /tmp.
  nodeModule.enableCompileCache?.(fileURLToPath(new URL('../node_modules/.cache/node', import.meta.url)))
  const { main } = await import('./cli/main.ts')
  await main(process.argv.slice(2))
}

/** Does what --disable-warning=ExperimentalWarning does, for a process that was started without it. */
function silenceExperimentalWarnings() {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = (warning, ...rest) => {
    const type = warning?.name ?? rest[0]?.type ?? rest[0]
    if (type !== 'ExperimentalWarning') emitWarning(warning, ...rest)
  }
}

/** A launcher killed by SIGKILL forwards nothing: without this, its child would keep the port and the data folder. */
function dieWithParent() {
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel.unref()
}

/** The Node that `npm ci` installed beside the program, or undefined on a platform without one. */
function packagedNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const binary = process.platform === 'win32' ? 'node.exe' : 'node'
  try {
    return createRequire(import.meta.url).resolve(`node-${platform}-${process.arch}/bin/${binary}`)
  } catch {
    return undefined
  }
}

/** Runs the program under another Node and exits as it does. */
function runWith(node) {
  if (node === undefined) {
    console.error(
      `gomask needs Node ${NEEDED} or newer, and this is ${process.versions.node}: install it, or run npm ci.`,
    )
    process.exitCode = 1
    return
  }
  const args = [
    ...process.execArgv,
    '--disable-warning=ExperimentalWarning',
    fileURLToPath(import.meta.url),
    ...process.argv.slice(2),
  ]
  // In a separate process group, or a Ctrl-C in the terminal would reach the program twice.
  const detached = process.platform !== 'win32'
  const child = spawn(node, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], detached })
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal))
  child.once('error', (error) => {
    console.error(`gomask could not start ${node}: ${error.message}`)
    process.exitCode = 1
  })
  child.once('exit', (code, signal) => {
    for (const forwarded of FORWARDED) process.removeAllListeners(forwarded)
    if (signal === null) process.exitCode = code
    else process.kill(process.pid, signal)
  })
}
