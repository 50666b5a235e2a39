/**
 * Pause, resume, cancel. Two places that stay: one to pause or to resume, one to cancel. What would be refused now cannot
 * be pressed; what was pressed says so until the task itself does; what is refused all the same says why.
 */
import { Button } from '@mantine/core';
import type { TaskAction, TaskActions, TaskState } from 'headway-react';
import { actionOf } from 'headway-react/words';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { Icon } from '../icons.js';
import type { IconName } from '../icons.js';
import { useSession } from '../session.js';
import styles from './actions.module.css';

const LABELS: Readonly<Record<TaskAction, readonly [string, string]>> = {
  pause: ['Pause', 'Pausing…'],
  resume: ['Resume', 'Resuming…'],
  cancel: ['Cancel', 'Cancelling…'],
};
const ICONS: Readonly<Record<TaskAction, IconName>> = { pause: 'pause', resume: 'play', cancel: 'stop' };
const REFUSED: Readonly<Record<TaskAction, string>> = {
  pause: 'Not paused',
  resume: 'Not resumed',
  cancel: 'Not cancelled',
};

export interface ActionsProps {
  readonly task: TaskState;
  readonly ask: TaskActions;
  /** As small as on a card. */
  readonly small?: boolean | undefined;
}

export function Actions({ task, ask, small = false }: ActionsProps): ReactElement | null {
  const { may } = useSession();
  const [sure, setSure] = useState(false);
  if (!may('operator')) {
    return null;
  }
  const wanted = ask.asking ?? actionOf(task.wanted);
  const resumes = task.status === 'paused' || task.status === 'interrupted' || task.allowed.includes('resume');
  const hold: TaskAction = wanted === 'pause' || wanted === 'resume' ? wanted : resumes ? 'resume' : 'pause';
  const press = (action: TaskAction): void => {
    if (action === 'cancel' && !sure) {
      setSure(true);
      return;
    }
    setSure(false);
    void ask[action]();
  };
  return (
    <div className={styles['actions']} role="group" aria-label={`Actions on ${task.name}`}>
      {([hold, 'cancel'] as const).map((action) => {
        const asked = wanted === action;
        const allowed = ask.asking === undefined && !asked && task.allowed.includes(action);
        const asks = action === 'cancel' && sure && allowed;
        return (
          // Not `disabled`: whoever pressed it with the keyboard would be thrown back to the top of the page.
          <Button
            key={action === 'cancel' ? 'cancel' : 'hold'}
            className={styles['action'] ?? ''}
            size={small ? 'compact-sm' : 'sm'}
            data-small={small && !asks}
            title={small ? LABELS[action][asked ? 1 : 0] : undefined}
            variant={asks ? 'filled' : 'default'}
            data-action={action}
            data-sure={asks}
            aria-disabled={!allowed}
            aria-busy={asked}
            leftSection={small ? undefined : <Icon name={ICONS[action]} size={16} />}
            onClick={() => allowed && press(action)}
            onBlur={() => setSure(false)}
          >
            {small && !asks ? (
              <>
                <Icon name={ICONS[action]} size={16} />
                <span className="unseen">{LABELS[action][asked ? 1 : 0]}</span>
              </>
            ) : asks ? (
              'Really cancel'
            ) : (
              LABELS[action][asked ? 1 : 0]
            )}
          </Button>
        );
      })}
    </div>
  );
}

/** Why the last thing that was asked for will not happen. */
export function Refused({ ask }: { readonly ask: TaskActions }): ReactElement | null {
  const { refusal, forgive } = ask;
  return refusal === undefined ? null : (
    <p className={styles['refused']} data-tone="bad" role="alert">
      <span>
        {REFUSED[refusal.action]}: {refusal.error.message}
      </span>
      <button type="button" className="icon-button" aria-label="Dismiss" onClick={forgive}>
        <Icon name="close" size={16} />
      </button>
    </p>
  );
}
