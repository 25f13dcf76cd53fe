//! What is plugged in: cameras (V4L2) and sound cards (ALSA).
