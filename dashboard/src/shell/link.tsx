import type { AnchorHTMLAttributes, MouseEvent, ReactElement } from 'react';

import { go, href } from '../address.js';

export interface LinkProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> {
  /** A page of ours: `/tasks/7`. */
  readonly to: string;
}

/** A link that changes the page without loading it anew; a new tab, a download and the like stay the browser's. */
export function Link({ to, onClick, ...rest }: LinkProps): ReactElement {
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (plain && !event.defaultPrevented) {
      event.preventDefault();
      go(to);
    }
  };
  return <a href={href(to)} onClick={follow} {...rest} />;
}
