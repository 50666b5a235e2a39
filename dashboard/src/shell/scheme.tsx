import { useMantineColorScheme } from '@mantine/core';
import type { MantineColorScheme } from '@mantine/core';
import type { ReactElement } from 'react';

import { Icon } from '../icons.js';
import type { IconName } from '../icons.js';

const NEXT: Readonly<Record<MantineColorScheme, MantineColorScheme>> = { auto: 'light', light: 'dark', dark: 'auto' };
const ICONS: Readonly<Record<MantineColorScheme, IconName>> = { auto: 'system', light: 'sun', dark: 'moon' };
const WORDS: Readonly<Record<MantineColorScheme, string>> = {
  auto: 'as your system is',
  light: 'light',
  dark: 'dark',
};

/** Light, dark, or as the reader's system is. */
export function Scheme(): ReactElement {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const label = `Colours: ${WORDS[colorScheme]}. Change to ${WORDS[NEXT[colorScheme]]}`;
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={label}
      title={label}
      onClick={() => setColorScheme(NEXT[colorScheme])}
    >
      <Icon name={ICONS[colorScheme]} />
    </button>
  );
}
