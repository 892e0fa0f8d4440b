import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'
import './styles/tokens.css'
import './styles/base.css'
import './styles/parts.css'
import './styles/app.css'
import './styles/board.css'
import './styles/list.css'
import './styles/drawer.css'
import './styles/dialogs.css'
import './styles/conflicts.css'
import './styles/peers.css'
import './styles/tray.css'

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
