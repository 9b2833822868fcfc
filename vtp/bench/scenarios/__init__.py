"""What `vtp bench` measures: one module per scenario, and `runner` which runs them."""
