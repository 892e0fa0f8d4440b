/** `compact`: gives unused space of the files back to the disk. */
import type { Command } from './args.ts'
import { filesOf, spacesIn } from './folder.ts'
import { type Out, inBytes } from './out.ts'
import { compactFile } from './tables.ts'

/** Compacts the files, and prints their sizes before and after. */
export async function compact({ folder, space }: Command, out: Out): Promise<number> {
  const found = []
  for (const id of spacesIn(folder, space)) {
    const before = sizeOf(folder, id)
    compactFile(filesOf(folder, id).file)
    const after = sizeOf(folder, id)
    found.push({ space: id, bytesBefore: before, bytesAfter: after })
    out.line(`space ${id}: ${inBytes(before)} before, ${inBytes(after)} after`)
  }
  if (found.length === 0) out.line(`no space in ${folder}`)
  out.json({ spaces: found })
  return 0
}

function sizeOf(folder: string, space: string): number {
  const { fileBytes, logBytes } = filesOf(folder, space)
  return fileBytes + logBytes
}
