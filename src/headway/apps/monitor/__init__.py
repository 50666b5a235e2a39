"""The monitor: applications are checked and signed in to, and people watch it live. Knows no other application."""
