//! Live publications: publish, subscribe, convert.
