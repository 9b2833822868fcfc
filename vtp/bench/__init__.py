"""What `vtp bench`, `publish` and `watch` run: a compiled WebRTC client, a link emulator, test clips."""
