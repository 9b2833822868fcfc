"""Work on recordings that have ended, done by a process of its own: decision 0073."""
