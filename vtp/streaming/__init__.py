"""Live streams: a class, or a recording, for any number of viewers, who are counted."""
