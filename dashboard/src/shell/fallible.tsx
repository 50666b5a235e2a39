import { Component } from 'react';
import type { ReactNode } from 'react';

interface State {
  readonly error: Error | undefined;
}

/** A page that breaks takes nothing else with it, and says so. */
export class Fallible extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: undefined };

  static getDerivedStateFromError(error: unknown): State {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) {
      return this.props.children;
    }
    // After an update of the server the parts of the old pages are gone: then loading anew is all it takes.
    return (
      <div className="card" role="alert">
        <h2>This page does not work any more</h2>
        <p>It was changed on the server, or it has a mistake. Load it anew; nothing of what is logged is lost.</p>
        <p className="soft small">{error.message}</p>
        <p>
          <a href="">Load anew</a>
        </p>
      </div>
    );
  }
}
