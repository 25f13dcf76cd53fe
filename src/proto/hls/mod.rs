//! The segment window and its playlists (RFC 8216bis).
