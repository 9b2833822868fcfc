"""`vtp edge`: answers viewers for another process, the origin, whose media it fetches once for all."""
