import { Button } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { DragEvent, ReactElement } from 'react';

import { queries } from '../../../records.js';
import { pathOf, useSend } from '../asking.js';
import type { Sending } from '../asking.js';
import { Note } from '../parts.js';
import type { Upload } from '../wire.js';
import { bytes, saidBy } from '../words.js';
import styles from './new.module.css';

export interface DropProps {
  /** There is a file already. */
  readonly again: boolean;
  readonly take: (upload: Upload) => void;
}

interface Sent {
  readonly name: string;
  readonly size: number;
  readonly sent: number;
}

/** Where a file is let go, or chosen. It is sent at once; what is wrong with it is said here. */
export function Drop({ again, take }: DropProps): ReactElement {
  const send = useSend();
  const [sending, setSending] = useState<Sent>();
  const [refusal, setRefusal] = useState<string>();
  const [over, setOver] = useState(false);
  const running = useRef<Sending>(undefined);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => () => running.current?.abort(), []);
  const begin = async (file: File | undefined): Promise<void> => {
    if (file === undefined || sending !== undefined) {
      return;
    }
    setRefusal(undefined);
    if (file.size === 0) {
      setRefusal(`${file.name} is empty. Choose a file with a line of column names and a line for each user.`);
      return;
    }
    setSending({ name: file.name, size: file.size, sent: 0 });
    running.current = send(file, (sent) => setSending({ name: file.name, size: file.size, sent }));
    try {
      const upload = await running.current.done;
      queries.setQueryData([pathOf('files', upload.id)], upload);
      take(upload);
    } catch (error) {
      setRefusal(`${file.name}: ${saidBy(error)}`);
    } finally {
      running.current = undefined;
      setSending(undefined);
    }
  };
  const drag = (event: DragEvent): void => {
    event.preventDefault();
    setOver(event.type !== 'dragleave');
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    const { files } = event.dataTransfer;
    if (files.length > 1) {
      setRefusal(`${files.length} files were dropped. One run takes one file.`);
      return;
    }
    void begin(files[0]);
  };
  return (
    <>
      <div className={styles['drop']} data-over={over} onDragEnter={drag} onDragOver={drag} onDragLeave={drag} onDrop={drop}>
        {sending === undefined ? (
          <>
            <p>{again ? 'Another file: drop it here, or' : 'Drop a CSV file here, or'}</p>
            <Button variant={again ? 'default' : 'filled'} onClick={() => field.current?.click()}>
              {again ? 'Choose another file' : 'Choose a file'}
            </Button>
            <p className="soft small">Comma, semicolon or tab; any usual encoding; the first line names the columns.</p>
          </>
        ) : (
          <Progress of={sending} stop={() => running.current?.abort()} />
        )}
        <input
          ref={field}
          type="file"
          className="unseen"
          tabIndex={-1}
          aria-label="CSV file"
          accept=".csv,.tsv,.txt,text/csv,text/plain"
          onChange={({ currentTarget }) => {
            void begin(currentTarget.files?.[0]);
            // So that the same file, mended, can be chosen again.
            currentTarget.value = '';
          }}
        />
      </div>
      {refusal !== undefined && (
        <Note tone="bad" alert>
          {refusal}
        </Note>
      )}
    </>
  );
}

function Progress({ of, stop }: { readonly of: Sent; readonly stop: () => void }): ReactElement {
  const all = of.sent >= of.size;
  return (
    <>
      <p role="status">{all ? `Reading ${of.name}…` : `Sending ${of.name}…`}</p>
      <progress className={styles['sent']} max={of.size} value={of.sent} aria-label={`Upload of ${of.name}`} />
      <p className="soft small numbers">
        {bytes(of.sent)} of {bytes(of.size)}
      </p>
      <button type="button" className="quiet-button" onClick={stop}>
        Stop
      </button>
    </>
  );
}
