"""The parts of a class, one module each; none imports another."""
