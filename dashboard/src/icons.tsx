/** The signs of the application, each in a square of 24, drawn with lines. None says anything that no word says. */
import type { ReactElement } from 'react';

const PATHS = {
  overview: 'M4 13h6V4H4zM14 20h6V11h-6zM4 20h6v-3H4zM14 7h6V4h-6z',
  channels: 'M4 6h16M4 12h10M4 18h13',
  imports: 'M12 3v11M7.500 9.500L12 14l4.500-4.500M4 15v5h16v-5',
  monitor: 'M3 11.500h4l2-3.500 3.500 8 2.500-5.500 1 1h5M4.500 7a5 5 0 0 1 7.500-2 5 5 0 0 1 7.500 2M6 16l6 5 6-5',
  connections: 'M5 12a7 7 0 0 1 14 0M8.5 12a3.5 3.5 0 0 1 7 0M12 12v8M9 20h6',
  diagnostics: 'M3 12h4l2.5-7 5 14 2.5-7h4',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.8v4.4M9 14.8v4.4',
  bell: 'M6 10a6 6 0 0 1 12 0c0 5 2 6 2 7H4c0-1 2-2 2-7M10 20.5h4',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z',
  system: 'M4 5h16v11H4zM9 20h6M12 16v4',
  person: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4.5 20c.8-3.6 3.8-5 7.5-5s6.700 1.400 7.500 5',
  close: 'M6 6l12 12M18 6L6 18',
  play: 'M8 5.500v13l10.500-6.500z',
  pause: 'M8.500 5.500v13M15.500 5.500v13',
  stop: 'M7 7h10v10H7z',
  back: 'M19 12H5M11 6l-6 6 6 6',
  forward: 'M9 6l6 6-6 6',
  down: 'M6 9l6 6 6-6',
  follow: 'M12 4v12M6.500 11l5.500 5.500 5.500-5.500M5 20h14',
  rewind: 'M4 12a8 8 0 1 0 2.600-5.900M4 4v4.500h4.500M12 8v4.500l3 2',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  search: 'M10.500 4.500a6 6 0 1 0 0 12 6 6 0 0 0 0-12M15 15l5 5',
  out: 'M10 4H5v16h5M14 8l4 4-4 4M18 12H9',
  share: 'M12 15V4M8 7.500L12 4l4 3.500M6 11H5v9h14v-9h-1',
  skip: 'M6 5.500l8.500 6.500L6 18.500zM18 5.500v13',
  more: 'M6 12h.01M12 12h.01M18 12h.01',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }): ReactElement {
  return (
    <svg
      viewBox="0 0 24 24"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 3 : 1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
