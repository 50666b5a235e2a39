/** Parts of several pages of the monitor. */
import { Glyph } from 'headway-react';
import type { Tone } from 'headway-react';
import { cloneElement, useEffect, useId, useRef, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';

import { BASE } from '../../address.js';
import { useToken } from '../../session.js';
import { Link } from '../../shell/link.js';
import { useFetch } from './asking.js';
import styles from './monitor.module.css';
import { slaWords, statusWords } from './words.js';

/** A sentence that matters. */
export function Note({ tone, alert = false, children }: { readonly tone: Tone; readonly alert?: boolean; readonly children: ReactNode }): ReactElement {
  return (
    <div className={styles['note']} data-tone={tone} role={alert ? 'alert' : undefined}>
      <Glyph tone={tone} />
      <div>{children}</div>
    </div>
  );
}

/** A sign in its colour, and the word. */
export function Word({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }): ReactElement {
  return (
    <span className={styles['word']} data-tone={tone}>
      <Glyph tone={tone} />
      <span>{children}</span>
    </span>
  );
}

/** How an application stands: a sign whose shape says it too, and the word. */
export function StatusWord({ status }: { readonly status: string }): ReactElement {
  const [word, tone] = statusWords(status);
  return <Word tone={tone}>{word}</Word>;
}

/** ✅ ⚠️ ❌ as drawings: not every machine has them in a font. */
const SLA_SIGNS: Readonly<Partial<Record<string, readonly [string, string]>>> = {
  met: ['M3 1h10a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H3a2 2 0 0 1-2-2V3a2 2 0 0 1 2-2Z', 'M4.500 8.500 7 11l4.500-5.500'],
  warning: ['M8 1.500 15.500 14.500H.500Z', 'M8 6v4M8 12.200v.300'],
};

export function SlaWord({ status }: { readonly status: string | null | undefined }): ReactElement {
  const [word, tone] = slaWords(status);
  const sign = SLA_SIGNS[status ?? ''];
  return (
    <span className={styles['sla']} data-tone={tone} data-sla={status ?? 'unknown'}>
      <svg viewBox="0 0 16 16" width="15" height="15" aria-hidden="true" focusable="false">
        {sign !== undefined && <path d={sign[0]} data-ground />}
        <path d={sign?.[1] ?? (status === 'breach' ? 'M3 3 13 13M13 3 3 13' : 'M4 8h8')} />
      </svg>
      {word}
    </span>
  );
}

/** Above a title: where the page lies. */
export function Trail({ children }: { readonly children: ReactNode }): ReactElement {
  return (
    <p className="small">
      <Link to="/monitor">Monitor</Link> <span className="soft">/ {children}</span>
    </p>
  );
}

/** The places of the monitor. */
export function Places({ at }: { readonly at: 'applications' | 'runs' | 'settings' }): ReactElement {
  const places = [
    ['applications', '/monitor', 'Applications'],
    ['runs', '/monitor/runs', 'Test runs'],
    ['settings', '/monitor/settings', 'Settings'],
  ] as const;
  return (
    <nav className={styles['places']} aria-label="Monitor">
      {places.map(([name, to, title]) => (
        <Link key={name} to={to} aria-current={at === name ? 'page' : undefined}>
          {title}
        </Link>
      ))}
    </nav>
  );
}

export interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly wide?: boolean | undefined;
  /** An input, a select or the like. */
  readonly children: ReactElement<{ readonly id?: string; readonly 'aria-describedby'?: string | undefined }>;
}

/** The hint describes the field; it is no part of its name. */
export function Field({ label, hint, wide = false, children }: FieldProps): ReactElement {
  const id = useId();
  return (
    <div className={`${styles['field']} ${wide ? styles['wide'] : ''}`}>
      <label htmlFor={id}>{label}</label>
      {cloneElement(children, { id, 'aria-describedby': hint === undefined ? undefined : `${id}-hint` })}
      {hint !== undefined && (
        <span className="soft" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}

export function Refusal({ text }: { readonly text: string | undefined }): ReactElement {
  return (
    <p role="alert" className={styles['refused']} data-tone="bad">
      {text ?? ''}
    </p>
  );
}

/** A button that acts when it is pressed twice; going elsewhere takes the first press back. */
export function Sure({ label, of, act }: { readonly label: string; readonly of: string; readonly act: () => Promise<void> }): ReactElement {
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

/** Asks before something that cannot be taken back. The browser keeps the keyboard inside and gives the focus back. */
export function Dialog({ title, close, children }: { readonly title: string; readonly close: () => void; readonly children: ReactNode }): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} className={styles['dialog']} aria-label={title} onClose={close}>
      <h2>{title}</h2>
      {children}
    </dialog>
  );
}

/** A picture of the server's. With a token that was typed in it is fetched with that, and drawn. */
export function Picture({ address, says }: { readonly address: string; readonly says: string }): ReactElement {
  const token = useToken();
  const path = address.replace(/^\//, '');
  return token === undefined ? <img className={styles['picture']} src={new URL(path, BASE).href} alt={says} loading="lazy" /> : <Drawn path={path} says={says} />;
}

function Drawn({ path, says }: { readonly path: string; readonly says: string }): ReactElement {
  const canvas = useRef<HTMLCanvasElement>(null);
  const get = useFetch();
  const [missing, setMissing] = useState(false);
  useEffect(() => {
    let gone = false;
    const draw = async (): Promise<void> => {
      const picture = await createImageBitmap(await (await get(path)).blob());
      const node = canvas.current;
      if (!gone && node !== null) {
        [node.width, node.height] = [picture.width, picture.height];
        node.getContext('2d')?.drawImage(picture, 0, 0);
      }
      picture.close();
    };
    draw().catch(() => setMissing(true));
    return () => {
      gone = true;
    };
  }, [get, path]);
  return missing ? <p className="soft small">The picture is not there any more.</p> : <canvas ref={canvas} className={styles['picture']} role="img" aria-label={says} />;
}

/** The time, some times a minute: what was "5 min ago" does not stay so. */
export function useNow(every = 15_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
