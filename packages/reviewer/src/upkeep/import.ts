/**
 * `import`: a space from a file of JSON lines. It is built in a folder of its own beside the others, and
 * moved to its place when it is whole; so a file that does not hold changes nothing.
 */
import { createReadStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { importSpace } from '@countersign/core/upkeep'
import type { SpaceImportReport } from '@countersign/core/upkeep'
import { readEntities } from '../entities.ts'
import { nodeClock } from '../node/clock.ts'
import { nodeSigner } from '../node/signer.ts'
import { fileOf, sqliteSpaces } from '../store/sqlite-spaces.ts'
import { syncFolders } from '../store/space-file.ts'
import type { Command } from './args.ts'
import { type Out, counted, progressOf } from './out.ts'

/** Imports the file. Rejects with a one-line error that names its line. */
export async function importFrom(command: Command, out: Out): Promise<number> {
  const folder = resolve(command.folder)
  const file = command.in ?? ''
  if (!existsSync(file)) throw new Error(`there is no file ${file}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const workplace = mkdtempSync(join(folder, '.import-'))
  try {
    const report = await imported(command, workplace, out)
    moved(report.space, workplace, folder)
    const { space, lines, seq, epoch, sessions, rejections, entities, persons } = report
    out.line(
      `space ${space}: ${counted(lines, 'line')}: seq ${seq} of epoch ${epoch}, ` +
        `${counted(sessions, 'session')}, ${counted(rejections, 'rejection')}, ` +
        `${entities.toLocaleString('en')} entities`,
    )
    if (!persons)
      out.line('without persons: nobody is known behind an author id until they sign in again')
    out.json(report)
    return 0
  } finally {
    rmSync(workplace, { recursive: true, force: true })
  }
}

async function imported(command: Command, workplace: string, out: Out): Promise<SpaceImportReport> {
  const { entities } = command
  const spaces = sqliteSpaces(workplace)
  const progress = progressOf(out, 'imported')
  try {
    return await importSpace(linesOf(command.in ?? ''), {
      open: (space) => {
        const target = fileOf(resolve(command.folder), space)
        if (existsSync(target))
          throw new Error(`the space ${space} is in ${command.folder} already: ${target}`)
        return spaces.open(space)
      },
      signer: nodeSigner(),
      clock: nodeClock(),
      entities: entities === undefined ? undefined : await readEntities(entities),
      onProgress: ({ part, seq, of }) => progress(part === 'log' ? seq : of + seq, of * 2),
    })
  } finally {
    await spaces.close()
  }
}

/** Moves the closed file of the space, which is whole, to its place. */
function moved(space: string, from: string, folder: string): void {
  const target = fileOf(folder, space)
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 })
  renameSync(fileOf(from, space), target)
  syncFolders(target)
}

/** The lines of a file. A line ends with LF alone: texts have other line ends in them. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest: string[] = []
  for await (const chunk of createReadStream(file, { encoding: 'utf8' })) {
    const parts = String(chunk).split('\n')
    for (const part of parts.slice(0, -1)) {
      yield rest.concat(part).join('')
      rest = []
    }
    rest.push(parts.at(-1) ?? '')
  }
  const last = rest.join('')
  if (last !== '') yield last
}
