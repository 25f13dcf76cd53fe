//! What leaves the box for those who watch: LL-HLS.
