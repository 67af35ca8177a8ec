import { readFile } from 'node:fs/promises'
import { isStorable, textOf } from '../domain/text.ts'
import { CommandError } from './errors.ts'

/** Reads a JSON file that somebody named on the command line. Throws a CommandError of one line. */
export async function readJsonFile(file: string): Promise<unknown> {
  try {
    return JSON.parse(textOf(await readFile(file)))
  } catch (error) {
    throw unreadable(file, error)
  }
}

/** Reads a JSON file that is stored as a whole or not at all; refuses texts that can't be stored. */
export async function readStorableJsonFile(file: string): Promise<unknown> {
  const value = await readJsonFile(file)
  try {
    requireStorable(value, '')
    return value
  } catch (error) {
    throw unreadable(file, error)
  }
}

function requireStorable(value: unknown, path: string): void {
  if (typeof value === 'string' && !isStorable(value)) {
    throw new Error(`${path || 'the file'}: holds U+0000 or half a character`)
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) {
    const place = Array.isArray(value) ? `[${key}]` : path === '' ? key : `.${key}`
    requireStorable(member, `${path}${place}`)
  }
}

// Messages of JSON.parse quote the text around the mistake, including line breaks and halves of characters.
function unreadable(file: string, error: unknown): CommandError {
  const message = error instanceof Error ? error.message : String(error)
  return new CommandError(`${file}: ${message.toWellFormed().replaceAll(/[\s\p{Cc}]+/gu, ' ')}`)
}
