/** The reviewer as a real process: its output, failures, stop and restart. */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

// Several processes one after the other, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** A compile cache shared by the processes of this file, which makes a start three times faster. */
const cache = mkdtempSync(join(tmpdir(), 'countersign-compiled-'))
const env = { ...process.env, NODE_COMPILE_CACHE: cache }
afterAll(() => rmSync(cache, { recursive: true, force: true }))

const main = new URL('main.ts', import.meta.url).pathname
const command = ['--conditions=@countersign/source', main]
const READY =
  /^reviewer ready (http:\/\/127\.0\.0\.1:\d+) spaces? ([0-9a-f,-]+|any) key ([\w-]{43})\n$/

/** The space with the reviewer's key. */
const OWN_SPACE = '00000000-0000-0000-0000-000000000000'

let folder: string
let data: string

function fileOf(space: string): string {
  return join(data, space.slice(0, 2), `${space}.sqlite`)
}

const running: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-reviewer-'))
  data = join(folder, 'data')
})

afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(folder, { recursive: true, force: true })
})

interface Started {
  readonly child: ChildProcess
  readonly url: string
  readonly space: string
  readonly key: string
  output(): { stdout: string; stderr: string }
}

async function start(...args: string[]): Promise<Started> {
  const child = spawn(process.execPath, [...command, '--port', '0', '--data', data, ...args], {
    env,
  })
  running.push(child)
  let stdout = ''
  let stderr = ''
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  await new Promise<void>((done, failed) => {
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk)
      if (stdout.includes('\n')) done()
    })
    child.once('exit', (code) => failed(new Error(`exit ${code}: ${stderr}`)))
  })
  const [, url = '', space = '', key = ''] = READY.exec(stdout) ?? []
  expect(stdout).toMatch(READY)
  return { child, url, space, key, output: () => ({ stdout, stderr }) }
}

async function stop({ child }: Started, signal: NodeJS.Signals): Promise<number | null> {
  const exited = once(child, 'exit')
  child.kill(signal)
  const [code] = await exited
  return code as number | null
}

/** Runs the reviewer; expects exit code 1, no output on stdout and one line on stderr, which it returns. */
function failure(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...command, '--port', '0', '--data', data, ...args],
    { encoding: 'utf8', timeout: 30_000, env },
  )
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^reviewer: [^\n]+\n$/)
  expect(status).toBe(1)
  return stderr
}

describe('ready', () => {
  test('prints one line on stdout, answers /healthz and /readyz, logs on stderr only', async () => {
    const reviewer = await start('--log', 'debug')
    expect((await fetch(`${reviewer.url}/healthz`)).status).toBe(200)
    expect((await fetch(`${reviewer.url}/readyz`)).status).toBe(200)
    expect(await (await fetch(`${reviewer.url}/metrics`)).text()).toContain(
      'countersign_head_seq 0',
    )
    expect(await stop(reviewer, 'SIGTERM')).toBe(0)
    const { stdout, stderr } = reviewer.output()
    expect(stdout).toMatch(READY)
    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string })
    expect(lines.map((line) => line.msg)).toContain('stopping')
  })

  test('--log silent prints nothing, and SIGINT exits with 0', async () => {
    const reviewer = await start('--log', 'silent')
    expect(await stop(reviewer, 'SIGINT')).toBe(0)
    expect(reviewer.output().stderr).toBe('')
  })

  test('--entities and --rules take the examples', async () => {
    const example = (name: string): string =>
      new URL(`../examples/${name}`, import.meta.url).pathname
    const files = ['--entities', example('entities.ts'), '--rules', example('rules.ts')]
    const reviewer = await start(...files)
    expect(await stop(reviewer, 'SIGTERM')).toBe(0)
    // Assigners for issues without the type are an error.
    expect(failure(...files.slice(2))).toMatch(/assign names the type issue/)
  })

  test('--help prints the usage and exits with 0', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...command, '--help'], {
      encoding: 'utf8',
      env,
    })
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^Usage: reviewer \[options\]\n/)
  })
})

describe('several spaces', () => {
  const others = ['1f0e9a52-6f0c-4d3c-9a61-0a2f4b7c8d9e', '1f0e9a52-6f0c-4d3c-9a61-0a2f4b7c8d9f']

  test('are named in the ready line, and reviewed under one key that stays', async () => {
    const both = await start(...others.flatMap((space) => ['--space', space]))
    expect(both.space).toBe(others.join(','))
    expect(await stop(both, 'SIGTERM')).toBe(0)
    const any = await start('--spaces', 'any')
    expect([any.space, any.key]).toEqual(['any', both.key])
    await stop(any, 'SIGTERM')
    expect((await start('--space', others[1]!)).key).toBe(both.key)
  })

  test('one that is damaged keeps a reviewer of a list from starting', async () => {
    await stop(await start(...others.flatMap((space) => ['--space', space])), 'SIGTERM')
    writeFileSync(fileOf(others[1]!), 'this is a diary'.repeat(100))
    expect(failure(...others.flatMap((space) => ['--space', space]))).toContain('not a database')
    expect((await start('--space', others[0]!)).space).toBe(others[0])
  })
})

describe('stop and restart', () => {
  test('space and key are the same after a stop, which exits with 0, and after a kill', async () => {
    const first = await start()
    expect(await stop(first, 'SIGTERM')).toBe(0)
    const second = await start()
    expect([second.space, second.key]).toEqual([first.space, first.key])
    await stop(second, 'SIGKILL')
    const third = await start('--space', first.space)
    expect([third.space, third.key]).toEqual([first.space, first.key])
  })

  test('two processes on the same data have the same space and key', async () => {
    const first = await start()
    const second = await start()
    expect([second.space, second.key]).toEqual([first.space, first.key])
  })

  test('a given space is used, and kept', async () => {
    const space = '1f0e9a52-6f0c-4d3c-9a61-0a2f4b7c8d9e'
    const first = await start('--space', space)
    expect(first.space).toBe(space)
    await stop(first, 'SIGTERM')
    expect((await start()).space).toBe(space)
  })

  test('--key keeps the key in a file of mode 0600, and out of the data', async () => {
    const file = join(folder, 'key.json')
    const first = await start('--key', file)
    await stop(first, 'SIGTERM')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const { secret } = JSON.parse(readFileSync(file, 'utf8')) as { secret: string }
    const files = globSync('*/*', { cwd: data })
    expect(files.length).toBeGreaterThan(1)
    for (const name of files) expect(readFileSync(join(data, name)).includes(secret)).toBe(false)
    expect((await start('--key', file)).key).toBe(first.key)
  })
})

describe('one clear line on stderr and exit code 1', () => {
  test('bad arguments', () => {
    expect(failure('--port', 'seven')).toMatch(
      /--port must be a number from 0 to 65535, not "seven"/,
    )
    expect(failure('--colour')).toMatch(/--colour/)
  })

  test('a port in use', async () => {
    const server = createServer()
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as AddressInfo
    try {
      expect(failure('--port', String(port))).toBe(
        `reviewer: port ${port} of 127.0.0.1 is in use\n`,
      )
    } finally {
      server.close()
    }
    // The failed start released the data.
    expect((await start()).url).toMatch(/^http/)
  })

  test('an address that is not of this machine', () => {
    expect(failure('--host', '192.0.2.1')).toMatch(/cannot listen on port 0 of 192\.0\.2\.1/)
  })

  test('a data folder that cannot be written', () => {
    const file = join(folder, 'plain')
    writeFileSync(file, '')
    expect(failure('--data', file)).toMatch(/^reviewer: cannot write .*plain/)
  })

  test.runIf(process.platform === 'linux')(
    'a data folder where none can be made (needs Linux)',
    () => {
      expect(failure('--data', '/proc/nowhere')).toMatch(/^reviewer: cannot write /)
    },
  )

  test('a corrupt database', async () => {
    const first = await start()
    await stop(first, 'SIGTERM')
    for (const space of [first.space, OWN_SPACE]) {
      const file = fileOf(space)
      const bytes = readFileSync(file)
      writeFileSync(file, Buffer.from(bytes).fill(0x61, 0, 4_096))
      expect(failure()).toMatch(`reviewer: damaged, or not a database: ${file}`)
      writeFileSync(file, bytes)
    }
  })

  test('a database of another program, and of a newer version', async () => {
    const first = await start()
    await stop(first, 'SIGTERM')
    const change = (sql: string): void => {
      const db = new DatabaseSync(fileOf(first.space))
      db.exec(sql)
      db.close()
    }
    change('pragma user_version = 99')
    expect(failure()).toMatch(/was written by a newer version \(99, this one knows \d+\)/)
    change('pragma application_id = 7')
    expect(failure()).toMatch(/is a database of another program/)
  })

  test('data of another space, and of another key', async () => {
    const first = await start()
    await stop(first, 'SIGTERM')
    const space = '1f0e9a52-6f0c-4d3c-9a61-0a2f4b7c8d9e'
    expect(failure('--space', space)).toContain(
      `the data belong to the space ${first.space}, not to ${space}`,
    )
    expect(failure('--key', join(folder, 'other.json'))).toMatch(/another key/)
  })

  test('a key file that is damaged, and is not quoted', () => {
    const file = join(folder, 'key.json')
    writeFileSync(file, '{"secret":"do not show"}')
    const line = failure('--key', file)
    expect(line).toMatch(/the reviewer key in .*key\.json is damaged/)
    expect(line).not.toContain('do not show')
  })
})
