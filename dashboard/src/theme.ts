/** How Mantine looks here. Its colours come from app.css; this says sizes and fonts. */
import { createTheme, defaultVariantColorsResolver } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'teal',
  // The accent of app.css is shade 7 in the light and shade 4 in the dark.
  primaryShade: { light: 7, dark: 4 },
  colors: {
    teal: ['#e3f5f1', '#c4e9e2', '#9bdacf', '#74cfc0', '#56cfbe', '#2aa898', '#14877b', '#0b6b63', '#08574f', '#05403b'],
  },
  variantColorResolver: (input) =>
    // Mantine takes white on every filled control; the accent of the dark is light.
    input.variant === 'filled' && (input.color === undefined || input.color === 'teal')
      ? {
          background: 'var(--accent)',
          hover: 'var(--accent-hover)',
          color: 'var(--on-accent)',
          border: '1px solid transparent',
        }
      : defaultVariantColorsResolver(input),
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'var(--mono)',
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
});

/** The nonce that this answer's policy allows styles by. */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
}
