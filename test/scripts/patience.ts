// Owns: how long a test waits for what must come. A second, the default, is too short on a busy
// machine; what never comes is still found. Loaded before each test file (`vitest.config.ts`).

import { vi } from 'vitest'
import { WAIT_MS } from './wait.ts'

const { waitFor } = vi

vi.waitFor = (isSo, options) =>
  waitFor(
    isSo,
    typeof options === 'number' ? { timeout: options } : { timeout: WAIT_MS, ...options },
  )
