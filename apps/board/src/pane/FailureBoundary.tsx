/** An error boundary for a pane: shows the error, keeps the page, offers a restart. */
import { Component, type ReactNode } from 'react'
import { Icon } from '../parts/Icon.tsx'

interface State {
  readonly failure: Error | undefined
}

export class FailureBoundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { failure: undefined }

  static getDerivedStateFromError(failure: unknown): State {
    return { failure: failure instanceof Error ? failure : new Error(String(failure)) }
  }

  override render(): ReactNode {
    const { failure } = this.state
    if (!failure) return this.props.children
    return (
      <div className="blank" role="alert">
        <Icon name="warning" />
        <h2>This board cannot be opened</h2>
        <p>{failure.message}</p>
        <button type="button" className="button" onClick={() => location.reload()}>
          Try again
        </button>
      </div>
    )
  }
}
