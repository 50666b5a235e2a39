/** One task: live, and as it was at any moment. */
import type { ReactElement } from 'react';

import type { PageProps } from '../table.js';
import { Watched } from './watched.js';

export default function Task({ params }: PageProps): ReactElement {
  const id = params['id'] ?? '';
  // Keyed: another task shares nothing with this one.
  return <Watched key={id} id={id} />;
}
