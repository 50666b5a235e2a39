import { useState } from 'react';
import type { ReactElement } from 'react';

export interface SureProps {
  readonly label: string;
  /** What it is about, for who cannot see where the button stands. */
  readonly of: string;
  readonly act: () => Promise<void>;
}

/** A button that acts when it is pressed twice; going elsewhere takes the first press back. */
export function Sure({ label, of, act }: SureProps): ReactElement {
  const [step, setStep] = useState<'ready' | 'sure' | 'acting'>('ready');
  const press = async (): Promise<void> => {
    if (step === 'sure') {
      setStep('acting');
      await act();
      setStep('ready');
    } else if (step === 'ready') {
      setStep('sure');
    }
  };
  const word = step === 'sure' ? `Really ${label.toLowerCase()}` : label;
  return (
    <button
      type="button"
      className="quiet-button"
      data-sure={step === 'sure'}
      aria-label={`${word} ${of}`}
      aria-disabled={step === 'acting'}
      onClick={() => void press()}
      onBlur={() => setStep((now) => (now === 'sure' ? 'ready' : now))}
    >
      {word}
    </button>
  );
}
