/** A page with TanStack Devtools and, in it, the plugin of @countersign/devtools: as an app would. */
import { createSyncStore, entity } from '@countersign/core'
import { inspect } from '@countersign/core/inspect'
import { countersignPlugin } from '@countersign/devtools'
import { TanStackDevtools } from '@tanstack/react-devtools'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { z } from 'zod'

const Note = entity('note', z.object({ text: z.string() }))
const store = createSyncStore({ space: '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10', entities: [Note] })
await store.ready
store.create(Note, { text: 'Shown in TanStack Devtools' })

// How many events the store has told: none while nobody looks.
Object.assign(window, { eventsTold: () => inspect(store)!.events().length })

const plugins = [countersignPlugin({ store })]

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <main>
      <h1>An app</h1>
      <button type="button" onClick={() => store.create(Note, { text: 'One more' })}>
        Write a note
      </button>
    </main>
    <TanStackDevtools plugins={plugins} />
  </StrictMode>,
)
