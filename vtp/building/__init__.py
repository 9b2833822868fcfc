"""The services of the process in the order they need each other, a stage to a file."""
