"""Recording: access units in; append-only CMAF segments, an index and HLS playlists out."""
