/** A reviewer on SQLite with its key beside the data. Arguments: data folder, key file, space, port. */
import process from 'node:process'
import { sqliteSpaces, startReviewer } from '@countersign/reviewer'

const [folder, keyFile, space, port] = process.argv.slice(2)
const running = await startReviewer({
  spaces: sqliteSpaces(folder!),
  keyFile: keyFile!,
  space: space!,
  port: Number(port),
  host: '127.0.0.1',
})
process.once('SIGTERM', () => void running.close())
process.stdout.write(`ready ${running.url}\n`)
