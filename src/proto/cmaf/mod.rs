//! CMAF fragments (ISO 14496-12, 23000-19).
