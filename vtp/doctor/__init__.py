"""What `vtp doctor` looks at. Probes read the outside world, plain rules make findings of it."""
